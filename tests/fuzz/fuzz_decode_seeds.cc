#include "tests/fuzz/fuzz_decode_seeds.h"

#include <charconv>
#include <fstream>

#include "tests/dataplane/decode/sample_packets.h"

namespace vedette {
namespace {

// As LLVMFuzzerTestOneInput reads it: link type, bytes that our snap length cut, the packet.
std::vector<uint8_t> Seed(LinkType link, uint16_t cut, const PacketBytes& packet) {
  std::vector<uint8_t> seed = {static_cast<uint8_t>(link), static_cast<uint8_t>(cut >> 8),
                               static_cast<uint8_t>(cut & 0xff)};
  for (std::byte byte : packet) seed.push_back(static_cast<uint8_t>(byte));
  return seed;
}

bool FromHex(const std::string& line, std::vector<uint8_t>& bytes) {
  for (size_t i = 0; i + 1 < line.size(); i += 2) {
    uint8_t byte = 0;
    const char* end = line.data() + i + 2;
    if (std::from_chars(line.data() + i, end, byte, 16).ptr != end) return false;
    bytes.push_back(byte);
  }
  return line.size() % 2 == 0;
}

}  // namespace

std::vector<std::vector<uint8_t>> BuiltDecodeSeeds() {
  std::vector<std::vector<uint8_t>> seeds;
  for (const SamplePacket& sample : ValidPackets()) {
    seeds.push_back(Seed(sample.link, 0, sample.bytes));
    seeds.push_back(Seed(sample.link, 100, sample.bytes));
  }
  for (const SamplePacket& sample : OrdinaryOddPackets()) {
    seeds.push_back(Seed(sample.link, 0, sample.bytes));
  }
  for (const IrregularPacket& packet : IrregularPackets()) {
    seeds.push_back(Seed(packet.link, 0, packet.bytes));
  }
  return seeds;
}

std::vector<std::vector<uint8_t>> ReadHexCorpus(const std::string& path) {
  std::vector<std::vector<uint8_t>> corpus;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("//")) continue;
    if (!FromHex(line, corpus.emplace_back())) return {};
  }
  return corpus;
}

}  // namespace vedette
