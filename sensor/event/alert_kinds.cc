#include "sensor/event/alert_kinds.h"

#include <algorithm>
#include <array>

namespace vedette {
namespace {

struct Kind {
  absl::string_view name, technique;
};
constexpr auto kKinds = std::to_array<Kind>({
    {"dos.syn_flood", "T1498.001"},
    {"dos.tcp_flood", "T1498.001"},
    {"dos.udp_flood", "T1498.001"},
    {"dos.icmp_flood", "T1498.001"},
    {"dos.fragment_flood", "T1498.001"},
    {"dos.protocol_flood", "T1498.001"},
    {"dos.amplification", "T1498.002"},
    {"dos.carpet_bomb", "T1498"},
    {"dos.request_flood", "T1499.002"},
    {"dos.slow_requests", "T1499.002"},
    {"dos.connection_exhaustion", "T1499.002"},
    {"dos.device_silent", "T1489"},
    {"dos.service_unresponsive", "T1489"},
    {"dos.address_exhaustion", "T1499"},
    {"recon.port_scan", "T1046"},
    {"recon.host_scan", "T1046"},
    {"recon.brute_force", "T1110"},
    {"exfil.volume", "T1048"},
    {"exfil.new_destination", "T1048"},
    {"exfil.slow_drip", "T1030"},
    {"exfil.dns_tunnel", "T1071.004"},
    {"exfil.icmp_tunnel", "T1095"},
    {"exfil.beacon", "T1071"},
    {"exfil.sensitive_content", "T1048.003"},
    {"exfil.protocol_mismatch", "T1571"},
    {"exfil.rogue_device", "T1200"},
    {"corruption.decode_errors", "T1565.002"},
    {"corruption.checksum", "T1565.002"},
    {"corruption.fragment_overlap", "T1565.002"},
    {"corruption.tcp_overlap", "T1565.002"},
    {"corruption.tcp_flags", "T1565.002"},
    {"corruption.protocol_violation", "T1565.002"},
    {"corruption.payload_drift", "T1565.002"},
    {"corruption.stuck_payload", "T1565.002"},
    {"corruption.value_outlier", "T1565.002"},
    {"corruption.address_conflict", "T1557.002"},
    {"anomaly.outlier", "-"},
});

// What these measure is better when it is less, or is judged with more than one figure.
constexpr absl::string_view kWithoutRatio[] = {"exfil.beacon", "corruption.decode_errors",
                                               "corruption.fragment_overlap"};

struct Fold {
  absl::string_view by, folded;
};
// Answers nobody asked for are UDP packets too; odd flags and odd fragments are decode errors with
// a name of their own.
constexpr auto kFolds = std::to_array<Fold>({
    {"dos.amplification", "dos.udp_flood"},
    {"dos.syn_flood", "dos.tcp_flood"},
    {"corruption.fragment_overlap", "corruption.decode_errors"},
    {"corruption.tcp_flags", "corruption.decode_errors"},
});

}  // namespace

absl::string_view TechniqueOf(absl::string_view kind) {
  for (const Kind& known : kKinds) {
    if (known.name == kind) return known.technique;
  }
  return "";
}

std::vector<absl::string_view> AlertKinds() {
  std::vector<absl::string_view> names;
  for (const Kind& known : kKinds) names.push_back(known.name);
  return names;
}

bool HasRatio(absl::string_view kind) {
  return std::find(std::begin(kWithoutRatio), std::end(kWithoutRatio), kind) ==
         std::end(kWithoutRatio);
}

std::vector<absl::string_view> ExplainersOf(absl::string_view kind) {
  std::vector<absl::string_view> explainers;
  for (const Fold& fold : kFolds) {
    if (fold.folded == kind) explainers.push_back(fold.by);
  }
  return explainers;
}

}  // namespace vedette
