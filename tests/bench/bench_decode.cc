// What decoding costs, per packet: a SYN flood (every packet its own addresses, as in an attack), a
// mix of sizes, and tunnels. Inputs lie in memory and are larger than the first-level cache.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "dataplane/decode/decode.h"
#include "tests/dataplane/decode/sample_packets.h"

namespace vedette {
namespace {

constexpr size_t kPackets = 4096;  // a power of two

std::string RandomIp(std::mt19937& random) {
  const uint32_t value = static_cast<uint32_t>(random());
  return std::to_string((value >> 24 & 0x3e) + 1) + '.' + std::to_string(value >> 16 & 0xff) + '.' +
         std::to_string(value >> 8 & 0xff) + '.' + std::to_string(value & 0xff);
}

std::vector<PacketBytes> SynFlood() {
  std::mt19937 random(1);
  std::vector<PacketBytes> packets;
  for (size_t i = 0; i < kPackets; ++i) {
    const auto port = static_cast<uint16_t>(random());
    packets.push_back(PacketBuilder()
                          .Ethernet()
                          .Ip4(RandomIp(random), "10.0.0.2")
                          .Tcp(port, 80, kTcpSyn, static_cast<uint32_t>(random()))
                          .PadTo(60)
                          .Build());
  }
  return packets;
}

// Simple IMIX: 7 of 40 bytes, 4 of 576, 1 of 1,500 (IP lengths), TCP and UDP in turn.
std::vector<PacketBytes> Imix() {
  constexpr size_t kIpBytes[12] = {40, 576, 40, 40, 576, 40, 1500, 40, 576, 40, 40, 576};
  std::mt19937 random(2);
  std::vector<PacketBytes> packets;
  for (size_t i = 0; i < kPackets; ++i) {
    PacketBuilder packet;
    packet.Ethernet().Ip4(RandomIp(random), RandomIp(random));
    const size_t room = kIpBytes[i % 12] - 40;
    if (random() % 2 == 0) {
      packet.Tcp(static_cast<uint16_t>(random()), 443, kTcpAck).Payload(room);
    } else {
      packet.Udp(static_cast<uint16_t>(random()), 443).Payload(room + 12);
    }
    packets.push_back(packet.PadTo(60).Build());
  }
  return packets;
}

std::vector<PacketBytes> EveryKind() {
  std::vector<PacketBytes> packets;
  const std::vector<SamplePacket> samples = ValidPackets();
  for (size_t i = 0; packets.size() < kPackets; ++i) {
    const SamplePacket& sample = samples[i % samples.size()];
    if (sample.link == LinkType::kEthernet) packets.push_back(sample.bytes);
  }
  return packets;
}

void RunDecode(benchmark::State& state, const std::vector<PacketBytes>& packets,
               Checksums checksums) {
  std::vector<PacketView> views;
  for (const PacketBytes& packet : packets) views.push_back(ViewOf(packet));
  std::array<DecodedPacket, kBurstMax> burst;  // as a worker has them
  size_t i = 0, bytes = 0;
  for (auto unused : state) {
    DecodedPacket& out = burst[i % kBurstMax];
    Decode(views[i % kPackets], checksums, out);
    benchmark::DoNotOptimize(out);
    bytes += views[i % kPackets].bytes.size();
    ++i;
  }
  state.SetItemsProcessed(static_cast<int64_t>(i));
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

void DecodeSynFlood(benchmark::State& state) { RunDecode(state, SynFlood(), Checksums::kVerify); }
void DecodeSynFloodUnverified(benchmark::State& state) {
  RunDecode(state, SynFlood(), Checksums::kSkip);
}
void DecodeImix(benchmark::State& state) { RunDecode(state, Imix(), Checksums::kVerify); }
void DecodeEveryKind(benchmark::State& state) { RunDecode(state, EveryKind(), Checksums::kVerify); }

BENCHMARK(DecodeSynFlood);
BENCHMARK(DecodeSynFloodUnverified);
BENCHMARK(DecodeImix);
BENCHMARK(DecodeEveryKind);

}  // namespace
}  // namespace vedette
