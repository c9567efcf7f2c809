#include "detectors/exfil/dns_tunnel.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "detectors/exfil/registered_domain.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

// CNAME, NULL, MX, TXT, KEY, SRV-less oddities that tunnels use (iodine, dnscat2, dns2tcp,
// OzymanDNS).
bool CarriesData(uint16_t type) {
  constexpr uint16_t kTypes[] = {5, 10, 16, 25, 65399, 65399};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

// Reverse lookups and block lists spell addresses; a label of digits carries next to nothing.
bool SpellsAddress(absl::string_view name, absl::string_view below) {
  if (absl::EndsWith(name, ".in-addr.arpa") || absl::EndsWith(name, ".ip6.arpa")) return true;
  return !below.empty() && std::all_of(below.begin(), below.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '-';
  }) && below.size() <= 18;
}

// SplitMix64's finish over a byte hash that is the same in every process.
KeyHash NameHash(absl::string_view name) {
  uint64_t x = 0xcbf29ce484222325;
  for (const char c : name) x = (x ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return {x ^ (x >> 31)};
}

}  // namespace

DnsTunnel::Config DnsTunnel::Config::Read(Settings& settings) {
  Config config;
  settings.Number("name_bytes_max", {.min = 100, .max = 1e9}, config.name_bytes_max);
  settings.Number("name_length_min", {.min = 4, .max = 250}, config.name_length_min);
  settings.Number("data_questions_max", {.min = 1, .max = 1e6}, config.data_questions_max);
  settings.Integer("window_s", 10, 3'600, config.window_s);
  return config;
}

void DnsTunnel::Count(const DnsMessage& message, uint64_t now_us) {
  const absl::string_view name(message.name.data(), message.name_length);
  const absl::string_view domain = RegisteredDomain(name);
  const absl::string_view below = name.size() > domain.size() + 1
                                      ? name.substr(0, name.size() - domain.size() - 1)
                                      : absl::string_view();
  if (SpellsAddress(name, below)) return;
  const bool data_type = CarriesData(message.type);
  if (below.size() < 12 && !data_type) return;
  State& state = states_.Touch({{message.client, message.vlan}, std::string(domain)}, now_us);
  const uint64_t window_us = config_.window_s * uint64_t{1'000'000};
  if (state.begin_us == 0 || message.arrival_us >= state.begin_us + window_us) {
    state = {.begin_us = message.arrival_us};
  }
  state.last_us = message.arrival_us;
  state.server = message.server;
  if (message.is_response) {
    ++state.answers;
    state.answer_bytes += message.answer_bytes;
  } else {
    ++state.questions;
    state.data_questions += data_type;
  }
  const size_t before = state.names.set_bits();
  state.names.Add(NameHash(below));
  // A full bitmap knows no new names any more; by then the sums say enough.
  if (state.names.set_bits() == before) return;
  ++state.distinct_names;
  state.name_bytes += below.size();
  state.longest_name = std::max<uint64_t>(state.longest_name, below.size());
}

bool DnsTunnel::IsTunnel(const State& state) const {
  if (state.distinct_names == 0) return false;
  const auto bytes = static_cast<double>(state.name_bytes);
  const double length = bytes / static_cast<double>(state.distinct_names);
  const auto asked = static_cast<double>(std::max(state.questions, state.answers));
  const bool names_carry = bytes > config_.name_bytes_max && length >= config_.name_length_min &&
                           state.distinct_names >= 8;
  const bool records_carry =
      static_cast<double>(state.data_questions) > config_.data_questions_max &&
      2 * static_cast<double>(state.data_questions) > asked;
  return names_carry || records_carry;
}

void DnsTunnel::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  if (view.dns.empty()) return;
  for (const DnsMessage& message : view.dns) Count(message, view.begin_us);
  states_.Each([&](const Subject& subject, State& state, uint64_t touched_us) {
    if (touched_us < view.begin_us || !IsTunnel(state)) {
      return touched_us + 2 * config_.window_s * uint64_t{1'000'000} > view.begin_us;
    }
    const auto& [client, domain] = subject;
    Finding finding{.kind = kName,
                    .subject = {.ip = client.first, .vlan = client.second},
                    .role = Role::kActor};
    finding.severity = Severity::kHigh;
    finding.score =
        std::min(1.0, 0.5 + 0.1 * static_cast<double>(state.name_bytes) / config_.name_bytes_max);
    finding.start_us = state.begin_us;
    finding.last_us = state.last_us;
    finding.service = "udp/53";
    finding.peers = {{{.ip = state.server, .vlan = client.second},
                      static_cast<double>(state.questions + state.answers)}};
    finding.peer_count = 1;
    finding.packets = state.questions + state.answers;
    finding.bytes = state.name_bytes + state.answer_bytes;
    finding.measured = static_cast<double>(state.name_bytes);
    finding.limit = config_.name_bytes_max;
    finding.unit = "bytes in names";
    finding.window_ms = (view.end_us - state.begin_us) / 1'000;
    finding.message = absl::StrCat(
        "asked for ", CountText(state.distinct_names), " names under one domain in ",
        DurationText(view.end_us - state.begin_us), ", ", BytesText(state.name_bytes),
        " in the names (limit ", BytesText(static_cast<uint64_t>(config_.name_bytes_max)), "), ",
        CountText(state.data_questions), " of ", CountText(state.questions),
        " questions for records that carry data");
    finding.detail = {{"domain", domain},
                      {"names", absl::StrCat(state.distinct_names)},
                      {"longest_name", absl::StrCat(state.longest_name)},
                      {"answer_bytes", absl::StrCat(state.answer_bytes)}};
    findings.push_back(std::move(finding));
    return true;
  });
}

}  // namespace vedette
