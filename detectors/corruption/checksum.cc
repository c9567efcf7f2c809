#include "detectors/corruption/checksum.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

constexpr uint64_t kWindowUs = 600'000'000;

bool IsOurs(DecodeStatus kind) { return IsKindOf(kind, "checksum"); }

}  // namespace

Checksum::Config Checksum::Config::Read(Settings& settings) {
  Config config;
  settings.Integer("right_min", 1, 1'000'000, config.right_min);
  settings.Integer("wrong_max", 1, 1'000'000, config.wrong_max);
  settings.Number("wrong_share_min", {.min = 0.001, .max = 1}, config.wrong_share_min);
  return config;
}

void Checksum::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  for (const EndpointInterval& endpoint : view.endpoints) {
    const EndpointCounters& c = endpoint.counters;
    if (c.checksums_verified == 0) continue;
    const uint64_t wrong = std::min(c.checksum_errors, c.checksums_verified);
    State* known = states_.Find(endpoint.key);
    // A source of one packet has no past; of those a flood has millions.
    if (known == nullptr && c.checksums_verified < 2 && !endpoint.home) continue;
    State& state = known != nullptr ? *known : states_.Touch(endpoint.key, view.begin_us);
    if (state.start_us != 0 && view.begin_us >= state.start_us + kWindowUs) {
      // What stays wrong for so long after the alert is the device's new way.
      state = {.right = state.right, .pauses = state.pauses};
    }
    if (wrong == 0 && state.start_us == 0) {
      state.right += c.checksums_verified;
      continue;
    }
    if (state.start_us == 0) state.start_us = view.begin_us;
    state.wrong += wrong;
    state.verified += c.checksums_verified;
  }
  for (const IrregularSender& sender : IrregularSenders(view, IsOurs)) {
    State* state = states_.Find(sender.sender);
    if (state == nullptr) continue;
    AddKinds(sender.kinds, state->kinds);
    state->pauses.Note(sender.first_us, sender.last_us);
    if (state->right < config_.right_min) continue;
    if (state->wrong <= config_.wrong_max ||
        static_cast<double>(state->wrong) <
            config_.wrong_share_min * static_cast<double>(state->verified)) {
      continue;
    }
    Finding finding{.kind = kName, .subject = sender.sender, .role = Role::kActor};
    finding.severity = Severity::kMedium;
    finding.score = 0.7;
    finding.start_us = state->start_us;
    finding.last_us = sender.last_us;
    finding.peers = sender.targets;
    KeepHeaviest(finding.peers);
    finding.peer_count = finding.peers.size();
    finding.packets = sender.packets;
    finding.measured = static_cast<double>(state->wrong);
    finding.limit = config_.wrong_max;
    finding.unit = "packets";
    finding.calm_ms = state->pauses.CalmMs();
    finding.window_ms = (view.end_us - state->start_us) / 1'000;
    finding.message =
        absl::StrCat("sent ", CountText(state->wrong), " packets with wrong checksums (limit ",
                     config_.wrong_max, ") after ", CountText(state->right),
                     " with right ones: ", KindsText(state->kinds));
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
