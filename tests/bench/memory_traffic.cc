#include "tests/bench/memory_traffic.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "tests/bench/applications.h"
#include "tests/frames.h"

namespace vedette {
namespace {

constexpr size_t kDevices = 2'000, kOutsideHosts = 5'000, kSources = 1'000'000;
constexpr uint8_t kPushAck = kTcpPsh | kTcpAck;
constexpr MacAddress kRouter = {{0x02, 0, 0, 0, 0, 1}};
// 64, 594 and 1518 bytes on the wire, without the check sequence.
constexpr size_t kSmall = 60, kMedium = 590, kLarge = 1'514;

using Random = std::mt19937_64;

uint32_t Outside(Random& random) {
  for (;;) {
    const auto ip = static_cast<uint32_t>(random());
    const uint32_t first = ip >> 24;
    if (first >= 11 && first < 100 && ip != 0) return ip;
  }
}

FrameEnd Device(size_t number, uint16_t port) {
  const auto ip = static_cast<uint32_t>(0x0a100000 + number + 1);
  return {.mac = {{0x02, 1, static_cast<uint8_t>(number >> 16), static_cast<uint8_t>(number >> 8),
                   static_cast<uint8_t>(number), 2}},
          .ip = ip,
          .port = port};
}

FrameEnd Server(size_t number) {
  return {.mac = {{0x02, 2, 0, 0, 0, static_cast<uint8_t>(number)}},
          .ip = static_cast<uint32_t>(0x0a140001 + number),
          .port = 443};
}

uint16_t Ephemeral(Random& random) { return static_cast<uint16_t>(32'768 + random() % 28'000); }

void AppendSyn(PacketMemory& memory, const FrameEnd& from, const FrameEnd& to, Random& random) {
  const uint64_t any = random();
  PutTcp(memory.Append(kSmall), from, to, kTcpSyn, static_cast<uint32_t>(any), 0,
         static_cast<uint16_t>(any >> 32), {});
}

std::vector<FrameEnd> SpoofedSources(Random& random) {
  std::vector<FrameEnd> sources(kSources);
  for (FrameEnd& source : sources) source = {.mac = kRouter, .ip = Outside(random)};
  return sources;
}

void AppendSpoofed(PacketMemory& memory, std::vector<FrameEnd>& sources, Random& random) {
  const uint64_t any = random();
  FrameEnd& source = sources[any % sources.size()];
  source.port = static_cast<uint16_t>(1'024 + (any >> 32) % 64'000);
  AppendSyn(memory, source, Server(any >> 48 & 3), random);
}

std::unique_ptr<PacketMemory> MakeSyn60(const TrafficOptions& options) {
  const size_t packets = options.packets != 0 ? options.packets : size_t{4} << 20;
  auto memory = std::make_unique<PacketMemory>(packets * 64);
  Random random(options.seed);
  std::vector<FrameEnd> sources = SpoofedSources(random);
  for (size_t i = 0; i < packets; ++i) AppendSpoofed(*memory, sources, random);
  return memory;
}

// One conversation of 24 packets, 14 : 8 : 2 of the three sizes, which a round says once from its
// SYN to its last ACK, beginning where `step` stands.
struct Conversation {
  FrameEnd client, server;
  uint32_t sequence[2] = {0, 0};  // of the client, of the server
  uint16_t ident = 0;
  uint8_t step = 0;
  Application application = Application::kOther;
  bool is_tcp = true;
};

struct Step {
  bool by_client;
  uint8_t flags;
  size_t frame_bytes;
};
constexpr Step kSteps[] = {{true, kTcpSyn, kSmall},
                           {false, kTcpSyn | kTcpAck, kSmall},
                           {true, kTcpAck, kSmall},
                           {true, kPushAck, kMedium},
                           {false, kTcpAck, kSmall},
                           {false, kPushAck, kLarge},
                           {false, kPushAck, kMedium},
                           {true, kTcpAck, kSmall},
                           {true, kPushAck, kMedium},
                           {false, kTcpAck, kSmall},
                           {false, kPushAck, kLarge},
                           {false, kPushAck, kMedium},
                           {true, kTcpAck, kSmall},
                           {false, kPushAck, kMedium},
                           {true, kTcpAck, kSmall},
                           {true, kPushAck, kMedium},
                           {false, kPushAck, kMedium},
                           {true, kTcpAck, kSmall},
                           {false, kPushAck, kMedium},
                           {true, kTcpAck, kSmall},
                           {true, kTcpFin | kTcpAck, kSmall},
                           {false, kTcpAck, kSmall},
                           {false, kTcpFin | kTcpAck, kSmall},
                           {true, kTcpAck, kSmall}};
constexpr size_t kStepCount = std::size(kSteps);
constexpr size_t kConversationLines = 14 * 1 + 8 * 10 + 2 * 24;  // of 64 bytes

// Four in five from a device to the outside, one in ten between devices, one in ten from outside.
Conversation MakeConversation(size_t number, const std::vector<uint32_t>& hosts, Random& random) {
  const uint64_t any = random();
  const FrameEnd device = Device(number % kDevices, 0);
  const FrameEnd outside{.mac = kRouter, .ip = hosts[any % hosts.size()]};
  const uint64_t way = any >> 32 & 0xff;
  Conversation talk{.client = device, .server = outside};
  if (way < 26) talk.server = Device((number + 1 + any % (kDevices - 1)) % kDevices, 0);
  if (way >= 26 && way < 52) std::swap(talk.client, talk.server);
  talk.application = ApplicationFor(any >> 40 & 0xff);
  talk.is_tcp = UsesTcp(talk.application);
  talk.client.port = Ephemeral(random);
  talk.server.port = PortOf(talk.application);
  talk.sequence[0] = static_cast<uint32_t>(random());
  talk.sequence[1] = static_cast<uint32_t>(random());
  talk.ident = static_cast<uint16_t>(any >> 48);
  return talk;
}

void AppendStep(PacketMemory& memory, Conversation& talk, Payloads& payloads) {
  const Step& step = kSteps[talk.step];
  const FrameEnd& from = step.by_client ? talk.client : talk.server;
  const FrameEnd& to = step.by_client ? talk.server : talk.client;
  const size_t who = step.by_client ? 0 : 1;
  const bool speaks = !talk.is_tcp || (step.flags & kTcpPsh) != 0;
  const size_t room = step.frame_bytes - (talk.is_tcp ? kTcpHeadersBytes : kUdpHeadersBytes);
  std::span<const uint8_t> payload;
  if (speaks) payload = payloads.Next(talk.application, step.by_client, talk.step == 3, room);
  const size_t headers = talk.is_tcp ? kTcpHeadersBytes : kUdpHeadersBytes;
  uint8_t* const at = memory.Append(std::max(kSmallestFrameBytes, headers + payload.size()));
  const auto ident = static_cast<uint16_t>(talk.ident + talk.step);
  if (talk.is_tcp) {
    PutTcp(at, from, to, step.flags, talk.sequence[who],
           talk.step == 0 ? 0 : talk.sequence[1 - who], ident, payload);
    const bool counts = (step.flags & (kTcpSyn | kTcpFin)) != 0;
    talk.sequence[who] += static_cast<uint32_t>(payload.size() + (counts ? 1 : 0));
  } else {
    PutUdp(at, from, to, ident, payload);
  }
  talk.step = static_cast<uint8_t>((talk.step + 1) % kStepCount);
}

// What was said before where the conversation begins; the sequence numbers come back to where they
// were when the round is over.
void SkipTo(Conversation& talk, size_t step) {
  for (talk.step = 0; talk.step < step; ++talk.step) {
    const Step& skipped = kSteps[talk.step];
    const size_t said = (skipped.flags & kTcpPsh) != 0 ? skipped.frame_bytes - kTcpHeadersBytes : 0;
    const bool counts = (skipped.flags & (kTcpSyn | kTcpFin)) != 0;
    talk.sequence[skipped.by_client ? 0 : 1] += static_cast<uint32_t>(said + (counts ? 1 : 0));
  }
}

class Imix {
 public:
  Imix(size_t flows, Random& random) : payloads_(random) {
    std::vector<uint32_t> hosts(kOutsideHosts);
    for (uint32_t& host : hosts) host = Outside(random);
    talks_.reserve(flows);
    for (size_t i = 0; i < flows; ++i) {
      talks_.push_back(MakeConversation(i, hosts, random));
      begins_.push_back(talks_.back());
      SkipTo(talks_.back(), random() % kStepCount);
    }
    turns_.resize(flows * kStepCount);
    for (size_t i = 0; i < turns_.size(); ++i) turns_[i] = static_cast<uint32_t>(i % flows);
    std::shuffle(turns_.begin(), turns_.end(), random);
  }

  size_t packets() const { return turns_.size(); }
  size_t lines() const { return talks_.size() * kConversationLines; }
  void AppendNext(PacketMemory& memory) {
    Conversation& talk = talks_[turns_[next_]];
    if (talk.step == 0) talk = begins_[turns_[next_]];
    AppendStep(memory, talk, payloads_);
    ++next_;
  }

 private:
  Payloads payloads_;
  std::vector<Conversation> talks_, begins_;
  std::vector<uint32_t> turns_;
  size_t next_ = 0;
};

std::unique_ptr<PacketMemory> MakeImix(const TrafficOptions& options) {
  Random random(options.seed);
  Imix imix(options.flows != 0 ? options.flows : 100'000, random);
  auto memory = std::make_unique<PacketMemory>(imix.lines() * 64);
  for (size_t i = 0; i < imix.packets(); ++i) imix.AppendNext(*memory);
  return memory;
}

// Nine spoofed SYNs for each packet of the real flows.
std::unique_ptr<PacketMemory> MakeAttack(const TrafficOptions& options) {
  constexpr size_t kSpoofedPerReal = 9;
  Random random(options.seed);
  Imix imix(options.flows != 0 ? options.flows : 10'000, random);
  std::vector<FrameEnd> sources = SpoofedSources(random);
  const size_t spoofed = imix.packets() * kSpoofedPerReal;
  auto memory = std::make_unique<PacketMemory>((imix.lines() + spoofed) * 64);
  for (size_t i = 0; i < imix.packets(); ++i) {
    imix.AppendNext(*memory);
    for (size_t k = 0; k < kSpoofedPerReal; ++k) AppendSpoofed(*memory, sources, random);
  }
  return memory;
}

// Datagrams of so many flows between 1,000 pairs of addresses, in random order, both ways: what
// grows is the number of flows and nothing else.
std::unique_ptr<PacketMemory> MakeFlows(const TrafficOptions& options) {
  constexpr size_t kPairs = 1'000;
  const size_t flows = options.flows != 0 ? options.flows : 1'000'000;
  const size_t wanted = options.packets != 0 ? options.packets : 20'000'000;
  const size_t turns = std::max<size_t>(1, wanted / (2 * flows));  // each flow, each way
  Random random(options.seed);
  std::vector<uint32_t> order(turns * 2 * flows);
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i % (2 * flows));
  std::shuffle(order.begin(), order.end(), random);
  std::vector<uint32_t> hosts(kPairs);
  for (uint32_t& host : hosts) host = Outside(random);
  auto memory = std::make_unique<PacketMemory>(order.size() * 64);
  std::array<uint8_t, kSmall - kUdpHeadersBytes> payload{};
  for (const uint32_t turn : order) {
    const size_t flow = turn / 2, pair = flow % kPairs;
    const uint64_t any = random();
    std::memcpy(payload.data(), &any, sizeof(any));
    const FrameEnd device = Device(pair, static_cast<uint16_t>(10'000 + flow / kPairs));
    const FrameEnd host{.mac = kRouter, .ip = hosts[pair], .port = 4'500};
    uint8_t* const at = memory->Append(kSmall);
    if (turn % 2 == 0) {
      PutUdp(at, device, host, static_cast<uint16_t>(any >> 16), payload);
    } else {
      PutUdp(at, host, device, static_cast<uint16_t>(any >> 16), payload);
    }
  }
  return memory;
}

// SYNs of so few flows that all of them have room: what they cost depends on where they fall.
constexpr size_t kKeys = 65'536;

std::unique_ptr<PacketMemory> MakeSyns(std::vector<FrameEnd> sources, Random& random) {
  std::shuffle(sources.begin(), sources.end(), random);
  auto memory = std::make_unique<PacketMemory>(sources.size() * 64);
  for (const FrameEnd& source : sources) AppendSyn(*memory, source, Server(0), random);
  return memory;
}

std::unique_ptr<PacketMemory> MakeKeysRandom(const TrafficOptions& options) {
  Random random(options.seed);
  std::vector<FrameEnd> sources(kKeys);
  for (FrameEnd& source : sources) {
    source = {.mac = kRouter, .ip = Outside(random), .port = Ephemeral(random)};
  }
  return MakeSyns(std::move(sources), random);
}

// Neighbouring addresses, one port: what a weak hash would put side by side.
std::unique_ptr<PacketMemory> MakeKeysStructured(const TrafficOptions& options) {
  Random random(options.seed);
  std::vector<FrameEnd> sources(kKeys);
  for (size_t i = 0; i < kKeys; ++i) {
    sources[i] = {.mac = kRouter, .ip = static_cast<uint32_t>(0x14000000 + i), .port = 50'000};
  }
  return MakeSyns(std::move(sources), random);
}

FlowKey KeyOf(const FrameEnd& a, const FrameEnd& b) {
  const auto address = [](uint32_t ip) {
    return IpAddress::V4(static_cast<uint8_t>(ip >> 24), static_cast<uint8_t>(ip >> 16),
                         static_cast<uint8_t>(ip >> 8), static_cast<uint8_t>(ip));
  };
  const FrameEnd &low = a.ip < b.ip ? a : b, &high = a.ip < b.ip ? b : a;
  return {.low_ip = address(low.ip),
          .high_ip = address(high.ip),
          .low_port = low.port,
          .high_port = high.port,
          .protocol = 6};
}

// Flows that lie in 64 buckets of one shard, for somebody who has this key.
std::unique_ptr<PacketMemory> MakeColliding(const TrafficOptions& options, const KeyedHash& hash) {
  constexpr uint64_t kBuckets = 64;
  Random random(options.seed);
  const FrameEnd server = Server(0);
  std::vector<FrameEnd> sources;
  while (sources.size() < kKeys) {
    FrameEnd source{.mac = kRouter, .ip = Outside(random)};
    const FlowKey addresses = KeyOf(source, server);
    const KeyHash low = hash.OfAddress(addresses.low_ip), high = hash.OfAddress(addresses.high_ip);
    if (hash.OfPair(low, high).value >> 60 != 0) continue;
    // As many ports as bring one hit on average: about as many sources as flows.
    for (uint64_t tries = options.flow_buckets / kBuckets; tries > 0; --tries) {
      source.port = Ephemeral(random);
      const uint64_t flow = hash.OfFlow(KeyOf(source, server), low, high).value;
      if (flow % options.flow_buckets >= kBuckets) continue;
      sources.push_back(source);
      break;
    }
  }
  sources.resize(kKeys);
  return MakeSyns(std::move(sources), random);
}

std::unique_ptr<PacketMemory> MakeKeysChosen(const TrafficOptions& options) {
  return MakeColliding(options, KeyedHash({options.seed * 0x9e3779b97f4a7c15, ~options.seed}));
}
std::unique_ptr<PacketMemory> MakeKeysKnown(const TrafficOptions& options) {
  return MakeColliding(options, KeyedHash(options.real_secret));
}

}  // namespace

const std::vector<TrafficKind>& TrafficKinds() {
  static const std::vector<TrafficKind> kinds = {
      {"syn60", "60-byte SYNs of 1 M random sources to 4 servers", 14.88e6, MakeSyn60},
      {"imix", "7:4:1 of 64, 594, 1518 bytes; --flows connections of 2,000 devices", 13.8e6,
       MakeImix},
      {"attack", "imix of 10 k flows (--flows), nine spoofed SYNs for each of its packets", 10e6,
       MakeAttack},
      {"flows", "small datagrams of --flows flows between 1,000 pairs", 10e6, MakeFlows},
      {"keys-random", "SYNs of 65,536 random flows", 10e6, MakeKeysRandom},
      {"keys-structured", "the same of neighbouring addresses", 10e6, MakeKeysStructured},
      {"keys-chosen", "the same, colliding under another key than the sensor's", 10e6,
       MakeKeysChosen},
      {"keys-known", "the same, colliding under the sensor's own key", 10e6, MakeKeysKnown}};
  return kinds;
}

}  // namespace vedette
