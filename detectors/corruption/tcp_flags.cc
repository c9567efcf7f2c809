#include "detectors/corruption/tcp_flags.h"

#include "absl/strings/str_cat.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

constexpr uint64_t kWindowUs = 600'000'000;

// FIN or URG without ACK alone is what broken stacks send now and then: no evidence by itself.
bool IsOurs(DecodeStatus kind) {
  return kind == DecodeStatus::kTcpSynFin || kind == DecodeStatus::kTcpSynRst ||
         kind == DecodeStatus::kTcpNullFlags || kind == DecodeStatus::kTcpXmas;
}

}  // namespace

TcpFlags::Config TcpFlags::Config::Read(Settings& settings) {
  Config config;
  settings.Integer("packets_max", 0, 1'000'000, config.packets_max);
  return config;
}

void TcpFlags::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  std::vector<IrregularSender> senders = IrregularSenders(view, IsOurs);
  JoinForgedSenders(view, senders);
  for (const IrregularSender& sender : senders) {
    State& state = states_.Touch(sender.sender, view.begin_us);
    if (state.start_us == 0 || view.begin_us >= state.start_us + kWindowUs) {
      state = {.start_us = sender.first_us, .pauses = state.pauses};
    }
    state.packets += sender.packets;
    state.pauses.Note(sender.first_us, sender.last_us);
    AddKinds(sender.kinds, state.kinds);
    if (state.packets <= config_.packets_max) continue;
    Finding finding{.kind = kName, .subject = sender.sender, .role = Role::kActor};
    finding.severity = Severity::kMedium;
    finding.score = 0.8;
    finding.start_us = state.start_us;
    finding.last_us = sender.last_us;
    finding.peers = sender.targets;
    KeepHeaviest(finding.peers);
    finding.peer_count = finding.peers.size();
    finding.packets = sender.packets;
    finding.measured = static_cast<double>(state.packets);
    finding.limit = config_.packets_max;
    finding.unit = "packets";
    finding.calm_ms = state.pauses.CalmMs();
    finding.window_ms = (view.end_us - state.start_us) / 1'000;
    finding.message = absl::StrCat(
        "sent ", CountText(state.packets), " TCP segments with flags no stack sets (limit ",
        config_.packets_max, "): ", KindsText(state.kinds), AddressesText(sender));
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
