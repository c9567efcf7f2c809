#include "detectors/dos/amplification.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
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

Amplification::Count* Amplification::Hot::Obtain(const EndpointKey& target,
                                                 uint8_t service) noexcept {
  for (size_t i = 0; i < used; ++i) {
    if (counts[i].service == service && counts[i].target == target) return &counts[i];
  }
  if (used == kCounts) return nullptr;
  counts[used] = {.target = target, .service = service};
  return &counts[used++];
}

void Amplification::Hot::Merge(const Hot& other) noexcept {
  for (size_t i = 0; i < other.used; ++i) {
    const Count& theirs = other.counts[i];
    Count* const ours = Obtain(theirs.target, theirs.service);
    if (ours == nullptr) continue;
    ours->packets += theirs.packets;
    ours->bytes += theirs.bytes;
    ours->reflectors.Merge(theirs.reflectors);
  }
}

void Amplification::Hot::Clear() noexcept { used = 0; }

void Amplification::OnPacket(Hot& hot, const TrackedPacket& tracked) noexcept {
  if (!tracked.unasked || tracked.target == nullptr) return;
  const uint8_t service = ServiceOf(*tracked.packet);
  if (service == 0 || tracked.packet->target_ip.is_multicast() ||
      tracked.packet->target_ip.is_broadcast()) {
    return;
  }
  Count* const count = hot.Obtain(tracked.target->key, service);
  if (count == nullptr) return;
  ++count->packets;
  count->bytes += tracked.bytes;
  count->reflectors.Add(tracked.source_key);
}

Amplification::Config Amplification::Config::Read(Settings& settings) {
  Config config;
  settings.Number("answers_per_second_max", {.min = 10, .max = 1e8}, config.answers_per_second_max);
  settings.Number("reflectors_min", {.min = 1, .max = 1'000}, config.reflectors_min);
  settings.Number("answer_bytes_min", {.min = 0, .max = 65'535}, config.answer_bytes_min);
  return config;
}

void Amplification::Evaluate(const Hot& hot, const IntervalView& view,
                             std::vector<Finding>& findings) {
  for (size_t i = 0; i < hot.used; ++i) {
    const Count& count = hot.counts[i];
    const auto packets = static_cast<double>(count.packets);
    const double reflectors = count.reflectors.Estimate();
    const bool large = count.service == kSynAck ||
                       static_cast<double>(count.bytes) >= config_.answer_bytes_min * packets;
    if (packets <= config_.answers_per_second_max || reflectors < config_.reflectors_min ||
        !large) {
      continue;
    }
    uint64_t& start_us = starts_.Touch({count.target, count.service}, view.begin_us);
    if (start_us == 0 || start_us + 60'000'000 < view.begin_us) start_us = view.begin_us;
    Finding finding{.kind = kName, .subject = count.target, .role = Role::kTarget};
    finding.severity =
        packets > 10 * config_.answers_per_second_max ? Severity::kCritical : Severity::kHigh;
    finding.score = std::min(1.0, 0.7 + 0.05 * packets / config_.answers_per_second_max);
    finding.start_us = start_us;
    finding.last_us = view.end_us - 1;
    finding.service = PortText(count.service);
    finding.packets = count.packets;
    finding.bytes = count.bytes;
    finding.peer_count = static_cast<uint64_t>(reflectors + 0.5);
    for (const AttemptPair& attempt : view.attempts) {
      if (attempt.target == count.target.ip) {
        finding.peers.push_back({attempt.source, static_cast<double>(attempt.flows)});
      }
    }
    KeepHeaviest(finding.peers);
    finding.measured = packets;
    finding.limit = config_.answers_per_second_max;
    finding.unit = "packets/s";
    finding.message = absl::StrCat("received ", CountText(count.packets), " ",
                                   NameOf(count.service), " answers (", BytesText(count.bytes),
                                   ") in 1 s that it never asked for (limit ",
                                   CountText(static_cast<uint64_t>(config_.answers_per_second_max)),
                                   "), from about ", RoughText(reflectors), " reflectors");
    finding.detail = {{"service", std::string(NameOf(count.service))},
                      {"reflectors", RoughText(reflectors)},
                      {"answer_bytes_mean", absl::StrCat(count.bytes / count.packets)}};
    findings.push_back(std::move(finding));
  }
}

}  // namespace vedette
