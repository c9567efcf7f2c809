#include "detectors/corruption/fragment_overlap.h"

#include "absl/strings/str_cat.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

constexpr uint64_t kWindowUs = 600'000'000;

bool IsOurs(DecodeStatus kind) {
  return kind == DecodeStatus::kFragOverlap || kind == DecodeStatus::kFragOverlapDifferent;
}

}  // namespace

FragmentOverlap::Config FragmentOverlap::Config::Read(Settings& settings) {
  Config config;
  settings.Integer("overlaps_max", 0, 1'000'000, config.overlaps_max);
  return config;
}

void FragmentOverlap::Evaluate(const Hot&, const IntervalView& view,
                               std::vector<Finding>& findings) {
  std::vector<IrregularSender> senders = IrregularSenders(view, IsOurs);
  JoinForgedSenders(view, senders);
  for (const IrregularSender& sender : senders) {
    State& state = states_.Touch(sender.sender, view.begin_us);
    if (state.start_us == 0 || view.begin_us >= state.start_us + kWindowUs) {
      state = {.start_us = sender.first_us, .pauses = state.pauses};
    }
    state.packets += sender.packets;
    state.pauses.Note(sender.first_us, sender.last_us);
    for (const auto& [kind, count] : sender.kinds) {
      if (kind == DecodeStatus::kFragOverlapDifferent) state.different += count;
    }
    if (state.packets <= config_.overlaps_max && state.different == 0) continue;
    Finding finding{.kind = kName, .subject = sender.sender, .role = Role::kActor};
    finding.severity = state.different != 0 ? Severity::kHigh : Severity::kMedium;
    finding.score = state.different != 0 ? 0.9 : 0.6;
    finding.start_us = state.start_us;
    finding.last_us = sender.last_us;
    finding.peers = sender.targets;
    KeepHeaviest(finding.peers);
    finding.peer_count = finding.peers.size();
    finding.packets = sender.packets;
    finding.measured = static_cast<double>(state.packets);
    finding.limit = state.different != 0 ? 0 : config_.overlaps_max;
    finding.unit = "fragments";
    finding.calm_ms = state.pauses.CalmMs();
    finding.window_ms = (view.end_us - state.start_us) / 1'000;
    finding.message = absl::StrCat("sent ", CountText(state.packets), " overlapping fragments, ",
                                   CountText(state.different),
                                   " of them with other bytes than before", AddressesText(sender));
    finding.detail = {{"different", absl::StrCat(state.different)}};
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
