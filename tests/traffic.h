// Traffic a test has made, and what the whole line says of it: packets in, events out, through the
// same engine as a replay. Tests only; for what is decided on merged windows, where a test by hand
// would guess what the tracker counts.
//   Traffic traffic;
//   traffic.At(1'000'000, PacketBuilder().Ethernet().Ip4("10.0.0.1", "10.0.0.2").Tcp(...).Build());
//   const Told told = Replayed(traffic);
#ifndef VEDETTE_TESTS_TRAFFIC_H_
#define VEDETTE_TESTS_TRAFFIC_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/capture/packet_source.h"
#include "sensor/pipeline/engine.h"
#include "tests/packet_builder.h"

namespace vedette {

class Traffic {
 public:
  struct Packet {
    uint64_t at_us = 0;
    PacketBytes bytes;
    uint32_t wire_length = 0;
    LinkType link = LinkType::kEthernet;
  };

  // `wire_length` 0: nothing was cut.
  Traffic& At(uint64_t at_us, PacketBytes bytes, uint32_t wire_length = 0,
              LinkType link = LinkType::kEthernet) {
    const auto size = static_cast<uint32_t>(bytes.size());
    packets_.push_back({at_us, std::move(bytes), std::max(size, wire_length), link});
    return *this;
  }
  Traffic& Add(const Traffic& other) {
    packets_.insert(packets_.end(), other.packets_.begin(), other.packets_.end());
    return *this;
  }
  // By time; what has one time keeps its order.
  std::vector<Packet> Sorted() const {
    std::vector<Packet> sorted = packets_;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Packet& a, const Packet& b) { return a.at_us < b.at_us; });
    return sorted;
  }

 private:
  std::vector<Packet> packets_;
};

// Hands sorted packets out in bursts cut at second borders, as every source does.
class TrafficSource final : public PacketSource {
 public:
  explicit TrafficSource(const Traffic& traffic) : packets_(traffic.Sorted()) {}

  SourceState Receive(PacketBurst& burst) noexcept override {
    burst.count = 0;
    while (next_ < packets_.size() && burst.count < kBurstMax) {
      const Traffic::Packet& packet = packets_[next_];
      const Timestamp arrival{packet.at_us};
      if (burst.count != 0 && arrival.second() != burst.now.second()) break;
      burst.now = arrival;
      burst.packets[burst.count++] = {.bytes = packet.bytes,
                                      .wire_length = packet.wire_length,
                                      .link = packet.link,
                                      .arrival = arrival};
      ++next_;
    }
    return next_ == packets_.size() ? SourceState::kEnded : SourceState::kOpen;
  }

 private:
  std::vector<Traffic::Packet> packets_;
  size_t next_ = 0;
};

struct Told {
  std::vector<AlertEvent> alerts;
  std::vector<DeviceEvent> devices;
  std::vector<FlowEvent> flows;
  std::vector<HealthEvent> healths;

  // The kinds of alerts that opened, in order of their opening.
  std::vector<std::string> Opened() const {
    std::vector<std::string> kinds;
    for (const AlertEvent& alert : alerts) {
      if (alert.state == "open") kinds.push_back(alert.kind);
    }
    return kinds;
  }
};

inline Told Replayed(const Traffic& traffic, const SensorConfig& config = {}, size_t workers = 1,
                     std::shared_ptr<const ModelSet> models = nullptr) {
  class Collector final : public EventSink {
   public:
    void OnInterval(const IntervalView&, const IdentityOf&) override {}
    void OnAlert(const AlertEvent& event) override { told.alerts.push_back(event); }
    void OnDevice(const DeviceEvent& event) override { told.devices.push_back(event); }
    void OnFlow(const FlowEvent& event) override { told.flows.push_back(event); }
    void OnHealth(const HealthEvent& event) override { told.healths.push_back(event); }
    Told told;
  };
  Collector collector;
  auto engine = Engine::Create(config, workers, /*flow_records=*/true, collector);
  assert(engine.ok());
  (*engine)->OfferModels({.set = std::move(models), .name = {}, .refused = {}});
  TrafficSource source(traffic);
  (*engine)->Run(source);
  return std::move(collector.told);
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_TRAFFIC_H_
