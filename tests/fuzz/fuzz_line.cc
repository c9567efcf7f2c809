#include <nlohmann/json.hpp>

#include "tests/dataplane/decode/sample_packets.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/traffic.h"

namespace vedette {
namespace {

constexpr uint64_t kStartUs = 1'700'000'000'000'000;

// Of each packet: link type; the pause before it, of which the upper half is seconds and the lower
// milliseconds; bytes that our snap length cut; its length in two bytes; the packet.
Traffic Packets(FuzzInput input) {
  Traffic traffic;
  constexpr size_t kHead = 5;
  uint64_t at_us = kStartUs;
  while (input.size() > kHead) {
    const auto link = static_cast<LinkType>(input[0] % (static_cast<int>(LinkType::kUnsupported)));
    at_us += input[1] >= 128 ? (input[1] - 127) * uint64_t{1'000'000} : input[1] * uint64_t{1'000};
    const size_t cut = input[2];
    const size_t size = std::min<size_t>(input[3] << 8 | input[4], input.size() - kHead);
    const Bytes bytes = AsBytes(input.subspan(kHead, size));
    traffic.At(at_us, {bytes.begin(), bytes.end()}, static_cast<uint32_t>(size + cut), link);
    input = input.subspan(kHead + size);
  }
  return traffic;
}

// Small tables, so that a few packets fill them.
SensorConfig SmallConfig() {
  SensorConfig config;
  config.tracker.flows = 64;
  config.tracker.duplicates = 64;
  config.tracker.datagrams = 16;
  config.tracker.pairs = 64;
  config.inspector = {.streams = 2, .stream_bytes = 4'096, .server_names = 2};
  config.patterns.clear();  // their target is another; they take long to compile
  return config;
}

template <typename Event>
void CheckEvents(const std::vector<Event>& events) {
  for (const Event& event : events) {
    std::string json;
    AppendJson(event, json);
    const nlohmann::json read = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
    Require(read.is_object() && !read["id"].get_ref<const std::string&>().empty());
    Require(json.find_first_of("\n\r\x1b") == std::string::npos);
  }
}

}  // namespace

void FuzzLine(FuzzInput input) {
  const Traffic traffic = Packets(input);
  const Told told = Replayed(traffic, SmallConfig());
  int64_t received = 0;
  for (const HealthEvent& health : told.healths) received += health.packets_received;
  Require(received == static_cast<int64_t>(traffic.Sorted().size()));
  CheckEvents(told.alerts);
  CheckEvents(told.devices);
  CheckEvents(told.flows);
  CheckEvents(told.healths);
}

std::vector<std::string> LineSeeds() {
  const auto packet = [](const SamplePacket& sample, uint8_t pause, uint8_t cut) {
    const size_t size = sample.bytes.size();
    std::string bytes{static_cast<char>(sample.link), static_cast<char>(pause),
                      static_cast<char>(cut), static_cast<char>(size >> 8),
                      static_cast<char>(size & 0xff)};
    bytes.append(reinterpret_cast<const char*>(sample.bytes.data()), size);
    return bytes;
  };
  std::string valid, odd;
  for (const SamplePacket& sample : ValidPackets()) valid += packet(sample, 1, 0);
  for (const SamplePacket& sample : OrdinaryOddPackets()) odd += packet(sample, 128, 9);
  std::vector<std::string> seeds = {valid, odd};
  constexpr size_t kTogether = 8;  // an engine costs more than its packets
  size_t count = 0;
  for (const IrregularPacket& irregular : IrregularPackets()) {
    const SamplePacket sample{"", irregular.link, irregular.bytes};
    if (count++ % kTogether == 0) seeds.emplace_back();
    seeds.back() += packet(sample, 3, 0) + packet(sample, 140, 0) + packet(sample, 255, 1);
  }
  return seeds;
}

}  // namespace vedette
