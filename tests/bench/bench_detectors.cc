// What the detectors' hot halves cost a packet: each that has one, and all of them as the worker
// calls them. Over ordinary packets, and over those a half is there for.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <vector>

#include "dataplane/decode/decode.h"
#include "detectors/registry.h"
#include "tests/packet_builder.h"

namespace vedette {
namespace {

constexpr size_t kPackets = 1'024;

// Tracked by hand: rows and flows are what a hot half looks at of them.
class HandTracked {
 public:
  void Add(PacketBytes bytes, uint64_t source, uint64_t target, bool unasked) {
    bytes_.push_back(std::move(bytes));
    decoded_.push_back(std::make_unique<DecodedPacket>());
    Decode(ViewOf(bytes_.back()), Checksums::kVerify, *decoded_.back());
    TrackedPacket tracked{.packet = decoded_.back().get(),
                          .flow = flows_.emplace_back(std::make_unique<Flow>()).get(),
                          .source = RowOf(decoded_.back()->source_ip),
                          .target = RowOf(decoded_.back()->target_ip),
                          .source_key = {source * 0x9e3779b97f4a7c15},
                          .target_key = {target * 0x9e3779b97f4a7c15},
                          .unasked = unasked};
    tracked.bytes = decoded_.back()->ip_total_length;
    packets.push_back(tracked);
  }
  std::vector<TrackedPacket> packets;

 private:
  EndpointRow* RowOf(const IpAddress& ip) {
    rows_.push_back(std::make_unique<EndpointRow>());
    rows_.back()->key.ip = ip;
    return rows_.back().get();
  }
  std::vector<PacketBytes> bytes_;
  std::vector<std::unique_ptr<DecodedPacket>> decoded_;
  std::vector<std::unique_ptr<EndpointRow>> rows_;
  std::vector<std::unique_ptr<Flow>> flows_;
};

std::string Ip(const char* net, uint64_t host) {
  return net + std::to_string(host >> 8 & 0xff) + '.' + std::to_string(host & 0xff);
}

// TCP and UDP in turn, both ways of 200 devices.
HandTracked Ordinary() {
  std::mt19937_64 random(1);
  HandTracked tracked;
  for (size_t i = 0; i < kPackets; ++i) {
    const uint64_t device = random() % 200, host = random() % 500;
    PacketBuilder packet;
    packet.Ethernet().Ip4(Ip("10.0.", device), Ip("93.184.", host));
    if (i % 2 == 0) {
      packet.Tcp(40'000, 443, kTcpAck).Payload(100);
    } else {
      packet.Udp(40'000, 443).Payload(100);
    }
    tracked.Add(packet.Build(), device, 1'000 + host, false);
  }
  return tracked;
}

// Answers that nobody asked for, from 1,000 resolvers to 4 devices.
HandTracked Amplified() {
  std::mt19937_64 random(1);
  HandTracked tracked;
  for (size_t i = 0; i < kPackets; ++i) {
    const uint64_t device = random() % 4, host = random() % 1'000;
    tracked.Add(PacketBuilder()
                    .Ethernet()
                    .Ip4(Ip("93.184.", host), Ip("10.0.", device))
                    .Udp(53, 4'444)
                    .Payload(1'000)
                    .Build(),
                1'000 + host, device, true);
  }
  return tracked;
}

// Leases given back.
HandTracked Releases() {
  std::string message(240, '\0');
  message += std::string("\x35\x01\x07\xff", 4);
  HandTracked tracked;
  for (size_t i = 0; i < kPackets; ++i) {
    tracked.Add(PacketBuilder()
                    .Ethernet()
                    .Ip4(Ip("10.0.", i), "10.0.0.1")
                    .Udp(68, 67)
                    .Payload(message)
                    .Build(),
                i, 1, false);
  }
  return tracked;
}

template <typename Hot, typename Call>
void EachPacket(benchmark::State& state, const HandTracked& tracked, Call call) {
  const auto hot = std::make_unique<Hot>();
  size_t i = 0;
  for (auto unused : state) {
    call(*hot, tracked.packets[i % kPackets]);
    if (++i % 100'000 == 0) hot->Clear();  // a second mark
  }
  benchmark::DoNotOptimize(*hot);
  state.SetItemsProcessed(state.iterations());
}

template <typename Detector>
void One(benchmark::State& state, HandTracked (*make)()) {
  EachPacket<typename Detector::Hot>(
      state, make(), [](auto& hot, const auto& packet) { Detector::OnPacket(hot, packet); });
}
void AmplificationHot(benchmark::State& state, HandTracked (*make)()) {
  One<Amplification>(state, make);
}
void DeviceSilentHot(benchmark::State& state, HandTracked (*make)()) {
  One<DeviceSilent>(state, make);
}
void AllHot(benchmark::State& state, HandTracked (*make)()) {
  EachPacket<Detectors::Hot>(state, make(),
                             [](auto& hot, const auto& packet) { hot.OnPacket(packet); });
}

void ClearAllHot(benchmark::State& state) {
  const auto hot = std::make_unique<Detectors::Hot>();
  for (auto unused : state) {
    hot->Clear();
    benchmark::DoNotOptimize(*hot);
  }
}

BENCHMARK_CAPTURE(AmplificationHot, ordinary, Ordinary);
BENCHMARK_CAPTURE(AmplificationHot, amplified, Amplified);
BENCHMARK_CAPTURE(DeviceSilentHot, ordinary, Ordinary);
BENCHMARK_CAPTURE(DeviceSilentHot, releases, Releases);
BENCHMARK_CAPTURE(AllHot, ordinary, Ordinary);
BENCHMARK_CAPTURE(AllHot, amplified, Amplified);
BENCHMARK(ClearAllHot);

}  // namespace
}  // namespace vedette
