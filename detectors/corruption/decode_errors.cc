#include "detectors/corruption/decode_errors.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

bool IsOurs(DecodeStatus kind) {
  const bool flags = kind == DecodeStatus::kTcpSynFin || kind == DecodeStatus::kTcpSynRst ||
                     kind == DecodeStatus::kTcpNullFlags || kind == DecodeStatus::kTcpXmas ||
                     kind == DecodeStatus::kTcpFlagsWithoutAck;
  const bool overlap =
      kind == DecodeStatus::kFragOverlap || kind == DecodeStatus::kFragOverlapDifferent;
  return !flags && !overlap && !IsKindOf(kind, "checksum");
}

}  // namespace

DecodeErrors::Config DecodeErrors::Config::Read(Settings& settings) {
  Config config;
  settings.Number("healthy_share", {.min = 1e-6, .max = 0.2}, config.healthy_share);
  settings.Number("broken_share", {.min = 0.001, .max = 0.99}, config.broken_share);
  settings.Number("evidence_max", {.min = 5, .max = 1'000}, config.evidence_max);
  if (config.broken_share <= config.healthy_share) {
    settings.Fault("broken_share", "allowed more than healthy_share");
  }
  return config;
}

void DecodeErrors::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const IrregularSender& sender : IrregularSenders(view, IsOurs)) {
    Judge(sender, view, findings);
  }
}

void DecodeErrors::Judge(const IrregularSender& sender, const IntervalView& view,
                         std::vector<Finding>& findings) {
  State& state = states_.Touch(sender.sender, view.begin_us);
  const EndpointInterval* endpoint = view.Find(sender.sender);
  const uint64_t sent =
      std::max(sender.packets, endpoint == nullptr ? 0 : endpoint->counters.packets_out);
  const double odd_adds = std::log(config_.broken_share / config_.healthy_share);
  const double good_adds = std::log((1 - config_.broken_share) / (1 - config_.healthy_share));
  if (state.start_us == 0) state.start_us = sender.first_us;
  state.odd += sender.packets;
  state.sent += sent;
  state.evidence += odd_adds * static_cast<double>(sender.packets) +
                    good_adds * static_cast<double>(sent - sender.packets);
  for (const auto& [kind, count] : sender.kinds) {
    if (std::find(state.kinds.begin(), state.kinds.end(), kind) != state.kinds.end()) continue;
    if (!state.kinds.empty()) state.evidence += odd_adds;
    state.kinds.push_back(kind);
  }
  state.evidence = std::clamp(state.evidence, 0.0, 2 * config_.evidence_max);
  if (state.evidence == 0) state = {};
  if (state.evidence < config_.evidence_max) return;
  Finding finding{.kind = kName, .subject = sender.sender, .role = Role::kActor};
  finding.severity = Severity::kMedium;
  finding.score = std::min(1.0, 0.5 * state.evidence / config_.evidence_max);
  finding.start_us = state.start_us;
  finding.last_us = sender.last_us;
  finding.peers = sender.targets;
  KeepHeaviest(finding.peers);
  finding.peer_count = finding.peers.size();
  finding.packets = sender.packets;
  finding.measured = static_cast<double>(state.odd) / static_cast<double>(state.sent);
  finding.limit = config_.broken_share;
  finding.baseline = config_.healthy_share;
  finding.unit = "share of packets";
  finding.window_ms = (view.end_us - state.start_us) / 1'000;
  finding.message =
      absl::StrCat("sent ", CountText(state.odd), " packets that no healthy stack sends, of ",
                   CountText(state.sent), ": ", KindsText(sender.kinds));
  for (const auto& [kind, count] : sender.kinds) {
    finding.detail.emplace_back(std::string(Describe(kind).wire_name), absl::StrCat(count));
  }
  findings.push_back(std::move(finding));
}

}  // namespace vedette
