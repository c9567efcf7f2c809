// A minute and a half of several devices' lives, and a sensor that may be stopped in between and
// started again from what it kept. Tests only.
#ifndef VEDETTE_TESTS_SENSOR_STATE_MADE_TRAFFIC_H_
#define VEDETTE_TESTS_SENSOR_STATE_MADE_TRAFFIC_H_

#include <string>
#include <utility>
#include <vector>

#include "sensor/pipeline/engine.h"
#include "sensor/state/sensor_memory.h"
#include "tests/detectors/conversations.h"
#include "tests/traffic.h"

namespace vedette {

inline SensorConfig SmallSensor() {
  SensorConfig config;
  config.sensor = "kept";
  config.tracker = {.flows = 4'096, .duplicates = 64, .datagrams = 32, .pairs = 512};
  config.inspector = {.streams = 2, .server_names = 16};
  return config;
}

inline PacketBytes Report(const std::string& from, const std::string& to, size_t bytes = 64) {
  return PacketBuilder().Ethernet().Ip4(from, to).Udp(40'000, 9'000).Payload(bytes).Build();
}

// Two packets each second of [begin, end).
inline void Talk(Traffic& traffic, const std::string& from, uint64_t begin_s, uint64_t end_s,
                 const std::string& to = "192.168.1.1") {
  for (uint64_t s = begin_s; s < end_s; ++s) {
    traffic.At(kStartUs + s * kSecond + 100, Report(from, to));
    traffic.At(kStartUs + s * kSecond + 500'100, Report(from, to));
  }
}

inline void Flood(Traffic& traffic, uint64_t begin_s, uint64_t end_s) {
  for (uint64_t s = begin_s; s < end_s; ++s) {
    for (uint64_t i = 0; i < 300; ++i) {
      const std::string from = "203." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
                               "." + std::to_string(s);
      traffic.At(kStartUs + s * kSecond + i * 3'000,
                 PacketBuilder().Ethernet().Ip4(from, "192.168.1.9").Tcp(1'024, 443, 0x02).Build());
    }
  }
}

// A flood over second 20 to 50, one device silent from 45 on, one that calls home every 5 s and one
// that scans a host in 10 min, a port every 4 s.
inline Traffic MadeTraffic() {
  Traffic traffic;
  Talk(traffic, "192.168.1.50", 0, 45);
  Talk(traffic, "192.168.1.51", 0, 90);
  Talk(traffic, "192.168.1.52", 0, 90);
  Flood(traffic, 20, 50);
  for (uint64_t s = 1; s < 88; s += 5) {
    Connection(traffic, "192.168.1.60", "198.51.100.60", static_cast<uint16_t>(50'000 + s), 8'443,
               kStartUs + s * kSecond)
        .Open()
        .Say("anything?")
        .Answer("no")
        .Close();
  }
  for (uint64_t s = 2; s < 86; s += 4) {
    Connection(traffic, "192.168.1.61", "192.168.1.62", 60'000, static_cast<uint16_t>(100 + s),
               kStartUs + s * kSecond)
        .Refused();
  }
  return traffic;
}

// What lies in [begin, end) of it.
inline Traffic Part(const Traffic& traffic, uint64_t begin_s, uint64_t end_s) {
  Traffic part;
  for (const Traffic::Packet& packet : traffic.Sorted()) {
    if (packet.at_us < kStartUs + begin_s * kSecond || packet.at_us >= kStartUs + end_s * kSecond) {
      continue;
    }
    part.At(packet.at_us, packet.bytes, packet.wire_length);
  }
  return part;
}

class ToldSink final : public EventSink {
 public:
  void OnInterval(const IntervalView&, const IdentityOf&) override {}
  void OnAlert(const AlertEvent& event) override { told.alerts.push_back(event); }
  void OnDevice(const DeviceEvent& event) override { told.devices.push_back(event); }
  void OnFlow(const FlowEvent& event) override { told.flows.push_back(event); }
  void OnHealth(const HealthEvent& event) override { told.healths.push_back(event); }
  Told told;
};

struct Run {
  std::string restored_from;  // the bytes of a state; empty: none
  AtEnd at_end = AtEnd::kKeepOpen;
  bool crashed = false;  // the state is one that was written while it ran
  uint32_t alert_age_max_s = 600;
  SensorConfig config = SmallSensor();
  std::shared_ptr<const ModelSet> models;
};
struct Ended {
  Told told;
  std::string state;
  std::vector<std::string> notes;
};

inline Ended RunOn(const Traffic& traffic, const Run& run, TickVisitor* visitor = nullptr) {
  ToldSink sink;
  auto engine = Engine::Create(run.config, 2, /*flow_records=*/false, sink);
  assert(engine.ok());
  Ended ended;
  if (!run.restored_from.empty()) {
    auto image = StateImage::Parse(run.restored_from);
    assert(image.ok());
    ended.notes = (*engine)->Restore(*image, run.alert_age_max_s);
  }
  (*engine)->OfferModels({.set = run.models, .name = {}, .refused = {}});
  (*engine)->Attend(visitor, run.at_end);
  TrafficSource source(traffic);
  (*engine)->Run(source);
  SensorMemory memory = (*engine)->control().CopyMemory();
  ended.state = EncodeMemory({.sensor = run.config.sensor,
                              .site = run.config.site,
                              .program = "test",
                              .second = (*engine)->control().second(),
                              .at_stop = !run.crashed,
                              .secret = (*engine)->secret()},
                             memory, size_t{64} << 20)
                    .bytes;
  ended.told = std::move(sink.told);
  return ended;
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_SENSOR_STATE_MADE_TRAFFIC_H_
