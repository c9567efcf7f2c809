#include "detectors/dos/amplification.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "dataplane/track/keyed_hash.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

struct Reflector {
  uint16_t port;
  absl::string_view name;
};
// UDP services with more in the answer than in the question, by source port.
constexpr auto kReflectors = std::to_array<Reflector>({
    {53, "dns"},           {123, "ntp"},         {11211, "memcached"}, {1900, "ssdp"},
    {389, "cldap"},        {3702, "wsd"},        {19, "chargen"},      {161, "snmp"},
    {17, "qotd"},          {111, "portmap"},     {137, "netbios_ns"},  {69, "tftp"},
    {500, "isakmp"},       {4500, "isakmp"},     {5353, "mdns"},       {5683, "coap"},
    {1434, "mssql"},       {27960, "quake"},     {27015, "steam"},     {3283, "ard"},
    {37810, "dhdiscover"}, {10001, "ubnt"},      {1604, "citrix"},     {520, "rip"},
    {3389, "rdp_udp"},     {6881, "bittorrent"}, {177, "xdmcp"},       {33848, "jenkins"},
});
constexpr uint8_t kSynAck = kReflectors.size() + 1;

uint8_t ServiceOf(const DecodedPacket& packet) {
  if (packet.protocol == static_cast<uint8_t>(IpProtocol::kTcp)) {
    const bool syn_ack = (packet.tcp_flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck);
    return syn_ack ? kSynAck : uint8_t{0};
  }
  if (packet.protocol != static_cast<uint8_t>(IpProtocol::kUdp)) return 0;
  for (size_t i = 0; i < kReflectors.size(); ++i) {
    if (kReflectors[i].port == packet.source_port) return static_cast<uint8_t>(i + 1);
  }
  return 0;
}

absl::string_view NameOf(uint8_t service) {
  return service == kSynAck ? "tcp_syn_ack" : kReflectors[service - 1u].name;
}
std::string PortText(uint8_t service) {
  return service == kSynAck ? "" : absl::StrCat("udp/", kReflectors[service - 1u].port);
}

}  // namespace

void Amplification::Count::Name(const EndpointKey& reflector, uint64_t packets_sent) noexcept {
  for (Named& known : named) {
    if (known.packets != 0 && known.reflector != reflector) continue;
    known = {.reflector = reflector, .packets = known.packets + packets_sent};
    return;
  }
}

Amplification::Count& Amplification::Hot::Obtain(const EndpointKey& target, KeyHash target_key,
                                                 uint8_t service) noexcept {
  const uint64_t tag = KeyedHash::Combine(target_key, service).value;
  for (size_t i = 0; i < used; ++i) {
    if (tags[i] == tag && counts[i].service == service && counts[i].target == target) {
      return counts[i];
    }
  }
  const size_t at = Place();
  const uint64_t inherited = counts[at].packets;
  tags[at] = tag;
  counts[at] = {.target = target, .service = service, .packets = inherited, .inherited = inherited};
  return counts[at];
}

// A free place, or that of the lightest of the next few.
size_t Amplification::Hot::Place() noexcept {
  if (used < kCounts) {
    counts[used].packets = 0;
    return used++;
  }
  size_t lightest = hand;
  for (size_t i = 0; i < kCandidates; ++i, hand = (hand + 1) % kCounts) {
    if (counts[hand].packets < counts[lightest].packets) lightest = hand;
  }
  return lightest;
}

void Amplification::Hot::Merge(const Hot& other) noexcept {
  for (size_t i = 0; i < other.used; ++i) {
    const Count& theirs = other.counts[i];
    // The tag serves as hash of the target: it is of target and service, and the same everywhere.
    Count& ours = Obtain(theirs.target, {other.tags[i]}, theirs.service);
    ours.packets += theirs.packets;
    ours.inherited += theirs.inherited;
    ours.bytes += theirs.bytes;
    ours.reflectors.Merge(theirs.reflectors);
    ours.ports.Merge(theirs.ports);
    ours.sizes.Merge(theirs.sizes);
    for (const Count::Named& named : theirs.named) {
      if (named.packets != 0) ours.Name(named.reflector, named.packets);
    }
  }
}

void Amplification::Hot::Clear() noexcept { used = hand = 0; }

void Amplification::OnPacket(Hot& hot, const TrackedPacket& tracked) noexcept {
  if (!tracked.unasked || tracked.target == nullptr) return;
  const DecodedPacket& packet = *tracked.packet;
  const uint8_t service = ServiceOf(packet);
  if (service == 0) return;
  // What is told to a group goes from a service's port to the same one (mDNS, SSDP, RIP, ...); an
  // answer goes to the port that the question named.
  const bool group = packet.target_ip.is_multicast() || packet.target_ip.is_broadcast();
  if (group && packet.source_port == packet.target_port) return;
  Count& count = hot.Obtain(tracked.target->key, tracked.target_key, service);
  ++count.packets;
  count.bytes += tracked.bytes;
  count.reflectors.Add(tracked.source_key);
  count.ports.Add(KeyedHash::Combine(tracked.target_key, packet.target_port));
  count.sizes.Add(KeyedHash::Combine(tracked.target_key, tracked.bytes));
  count.Name(tracked.source->key, 1);
}

Amplification::Config Amplification::Config::Read(Settings& settings) {
  Config config;
  settings.Number("answers_per_second_max", {.min = 10, .max = 1e8}, config.answers_per_second_max);
  settings.Number("reflectors_min", {.min = 1, .max = 1'000}, config.reflectors_min);
  settings.Number("answer_bytes_min", {.min = 0, .max = 65'535}, config.answer_bytes_min);
  settings.Number("ports_share_max", {.min = 0, .max = 1}, config.ports_share_max);
  settings.Number("sizes_share_max", {.min = 0, .max = 1}, config.sizes_share_max);
  settings.Number("unlike_factor", {.min = 1, .max = 1'000}, config.unlike_factor);
  settings.Number("learned_factor_max", {.min = 1, .max = 1'000}, config.learned_factor_max);
  return config;
}

void Amplification::Evaluate(const Hot& hot, const IntervalView& view,
                             std::vector<Finding>& findings) {
  for (size_t i = 0; i < hot.used; ++i) {
    const Count& count = hot.counts[i];
    // A few are everybody's; their memory would be the attacker's to fill.
    if (count.packets - count.inherited >= 32) Judge(count, view, findings);
  }
}

// The structural sign beside the rate: large, from many, and not the half of a conversation whose
// other half the capture does not show.
bool Amplification::IsUnaskedFor(const Count& count, double packets, const IntervalView& view,
                                 double excess) const {
  if (count.reflectors.Estimate() < config_.reflectors_min) return false;
  const EndpointInterval* target = view.Find(count.target);
  if (count.service == kSynAck) {
    // Half a conversation goes on with data; who never asked, resets each.
    return target != nullptr && 3 * packets >= static_cast<double>(target->counters.tcp_packets);
  }
  if (static_cast<double>(count.bytes) < config_.answer_bytes_min * packets) return false;
  const bool sends = target != nullptr && target->counters.packets_out != 0;
  return sends || count.ports.Estimate() <= config_.ports_share_max * packets ||
         count.sizes.Estimate() <= config_.sizes_share_max * packets ||
         excess > config_.unlike_factor;
}

void Amplification::Judge(const Count& count, const IntervalView& view,
                          std::vector<Finding>& findings) {
  const auto packets = static_cast<double>(count.packets - count.inherited);
  State& state = states_.Touch({count.target, count.service}, view.begin_us);
  const double rate = packets;
  const double limit =
      state.answers.LimitWithin(config_.answers_per_second_max, config_.learned_factor_max);
  if (rate <= limit || !IsUnaskedFor(count, packets, view, rate / limit)) {
    state.answers.Learn(packets);
    state.start_us = 0;
    return;
  }
  if (state.start_us == 0) state.start_us = view.begin_us;
  const double reflectors = count.reflectors.Estimate();
  Finding finding{.kind = kName, .subject = count.target, .role = Role::kTarget};
  finding.severity = rate > 10 * limit ? Severity::kCritical : Severity::kHigh;
  finding.score = std::min(1.0, 0.7 + 0.05 * rate / limit);
  finding.start_us = state.start_us;
  finding.last_us = view.end_us - 1;
  finding.service = PortText(count.service);
  finding.packets = count.packets - count.inherited;
  finding.bytes = count.bytes;
  finding.peer_count = static_cast<uint64_t>(reflectors + 0.5);
  for (const Count::Named& named : count.named) {
    if (named.packets != 0) {
      finding.peers.push_back({named.reflector, static_cast<double>(named.packets)});
    }
  }
  KeepHeaviest(finding.peers);
  finding.measured = rate;
  finding.limit = limit;
  finding.baseline = state.answers.mean();
  finding.unit = "packets/s";
  finding.message =
      absl::StrCat("received ", CountText(static_cast<uint64_t>(rate)), " ", NameOf(count.service),
                   " answers a second (", BytesText(count.bytes),
                   ") that it never asked for (limit ", CountText(static_cast<uint64_t>(limit)),
                   "), from about ", RoughText(reflectors), " reflectors");
  finding.detail = {{"service", std::string(NameOf(count.service))},
                    {"reflectors", RoughText(reflectors)},
                    {"answer_bytes_mean", absl::StrCat(count.bytes / finding.packets)},
                    {"target_ports", RoughText(count.ports.Estimate())},
                    {"answer_sizes", RoughText(count.sizes.Estimate())}};
  findings.push_back(std::move(finding));
}

}  // namespace vedette
