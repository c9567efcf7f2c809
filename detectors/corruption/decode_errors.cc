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

// Decodes, and comes with the sender's set-up, software or place: once seen, it is expected.
bool IsUnusualOnly(DecodeStatus kind) {
  switch (kind) {
    // Addresses: anonymised captures, laboratories, one-armed balancers.
    case DecodeStatus::kEthSourceGroup:
    case DecodeStatus::kArpSenderGroup:
    case DecodeStatus::kArpSenderMismatch:
    case DecodeStatus::kIp4SourceMulticast:
    case DecodeStatus::kIp4SourceBroadcast:
    case DecodeStatus::kIp4SourceReserved:
    case DecodeStatus::kIp4LoopbackOnWire:
    case DecodeStatus::kIp4TargetZero:
    case DecodeStatus::kIp6SourceMulticast:
    case DecodeStatus::kIp6LoopbackOnWire:
    case DecodeStatus::kIp6TargetZero:
    case DecodeStatus::kIp6MappedAddress:
    // Code points that a newer standard, or a vendor, may have given a meaning.
    case DecodeStatus::kVlanReservedId:
    case DecodeStatus::kTcpReservedBits:
    case DecodeStatus::kIcmpUnknownType:
    case DecodeStatus::kIcmpUnknownCode:
    case DecodeStatus::kIcmp6UnknownType:
    case DecodeStatus::kIcmp6UnknownCode:
    case DecodeStatus::kIgmpUnknownType:
    case DecodeStatus::kSctpUnknownChunk:
    case DecodeStatus::kIp6UnknownOption:
    case DecodeStatus::kTunnelReservedBits:
    // Some stacks do, and a capture filter that keeps the first fragments makes holes of all.
    case DecodeStatus::kFragDontFragment:
    case DecodeStatus::kFragHole:
    case DecodeStatus::kUdpTrailingData:
    case DecodeStatus::kUdpNoChecksum:
      return true;
    default:
      return false;
  }
}

// Packets the sender sent in the interval. A neighbour's are those of all addresses behind it.
uint64_t SentBy(const EndpointKey& sender, const IntervalView& view) {
  if (!sender.is_mac) {
    const EndpointInterval* endpoint = view.Find(sender);
    return endpoint == nullptr ? 0 : endpoint->counters.packets_out;
  }
  uint64_t sent = 0;
  for (const EndpointInterval& endpoint : view.endpoints) {
    const bool behind =
        endpoint.key == sender || (endpoint.mac_known && endpoint.key.vlan == sender.vlan &&
                                   EndpointKey::OfMac(endpoint.mac, sender.vlan) == sender);
    if (behind) sent += endpoint.counters.packets_out;
  }
  return sent;
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
  std::vector<IrregularSender> senders = IrregularSenders(view, IsOurs);
  JoinForgedSenders(view, senders);
  for (const IrregularSender& sender : senders) Judge(sender, view, findings);
  WeighSound(view);
}

// Seconds without an odd packet count as well, in favour of the sender.
void DecodeErrors::WeighSound(const IntervalView& view) {
  const double good_adds = std::log((1 - config_.broken_share) / (1 - config_.healthy_share));
  states_.Each([&](const EndpointKey& key, State& state, uint64_t) {
    if (state.weighed_us == view.begin_us || key.is_mac) return true;
    const uint64_t sent = SentBy(key, view);
    state.sent += sent;
    state.evidence += good_adds * static_cast<double>(sent);
    return state.evidence > 0;
  });
}

void DecodeErrors::WeighOdd(const IrregularSender& sender, const IntervalView& view,
                            State& state) const {
  const double odd_adds = std::log(config_.broken_share / config_.healthy_share);
  const double good_adds = std::log((1 - config_.broken_share) / (1 - config_.healthy_share));
  uint64_t odd = 0;
  for (const auto& [kind, count] : sender.kinds) {
    const bool unusual = IsUnusualOnly(kind);
    if (!unusual) odd += count;
    const bool known = std::any_of(state.kinds.begin(), state.kinds.end(),
                                   [kind = kind](const auto& seen) { return seen.first == kind; });
    AddKinds({{kind, count}}, state.kinds);
    if (known) continue;
    if (unusual || state.kinds.size() > 1) state.evidence += odd_adds;
  }
  // A packet may be odd in several ways; those of one neighbour are known to be as many.
  const uint64_t sent = SentBy(sender.sender, view);
  odd = sent == 0 ? odd : std::min(odd, sent);
  if (state.start_us == 0) state.start_us = sender.first_us;
  state.weighed_us = view.begin_us;
  state.odd += odd;
  state.sent += std::max(sent, odd);
  state.evidence += odd_adds * static_cast<double>(odd) +
                    good_adds * static_cast<double>(std::max(sent, odd) - odd);
  state.evidence = std::clamp(state.evidence, 0.0, 2 * config_.evidence_max);
}

void DecodeErrors::Judge(const IrregularSender& sender, const IntervalView& view,
                         std::vector<Finding>& findings) {
  State& state = states_.Touch(sender.sender, view.begin_us);
  state.pauses.Note(sender.first_us, sender.last_us);
  WeighOdd(sender, view, state);
  if (state.evidence >= config_.evidence_max) findings.push_back(Accuse(sender, state, view));
}

Finding DecodeErrors::Accuse(const IrregularSender& sender, const State& state,
                             const IntervalView& view) const {
  Finding finding{.kind = kName, .subject = sender.sender, .role = Role::kActor};
  finding.severity = Severity::kMedium;
  finding.score = std::min(1.0, 0.5 * state.evidence / config_.evidence_max);
  finding.start_us = state.start_us;
  finding.last_us = sender.last_us;
  finding.peers = sender.targets;
  KeepHeaviest(finding.peers);
  finding.peer_count = finding.peers.size();
  finding.packets = sender.packets;
  finding.measured =
      static_cast<double>(state.odd) / static_cast<double>(std::max<uint64_t>(state.sent, 1));
  finding.limit = config_.broken_share;
  finding.baseline = config_.healthy_share;
  finding.unit = "share of packets";
  finding.calm_ms = state.pauses.CalmMs();
  finding.excess = static_cast<double>(state.odd);
  finding.window_ms = (view.end_us - state.start_us) / 1'000;
  finding.message =
      absl::StrCat("sent ", CountText(state.odd), " packets that no healthy stack sends, of ",
                   CountText(state.sent), ": ", KindsText(state.kinds), AddressesText(sender));
  for (const auto& [kind, count] : state.kinds) {
    finding.detail.emplace_back(std::string(Describe(kind).wire_name), absl::StrCat(count));
  }
  return finding;
}

}  // namespace vedette
