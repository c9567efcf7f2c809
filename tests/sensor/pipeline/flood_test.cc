// A flood of spoofed SYNs while real flows go on, through the whole engine with every detector on:
// no real flow may be lost, and the flood may not take memory.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sensor/pipeline/engine.h"
#include "tests/frames.h"

namespace vedette {
namespace {

constexpr size_t kRealFlows = 10'000, kDevices = 2'000;
constexpr uint64_t kTurnUs = 20'000;  // from a packet to its answer

struct Flood {
  uint64_t syns;
  uint64_t seconds;
  uint32_t table_flows;  // of a shard
  size_t workers;
};

double ResidentMib() {
  std::ifstream memory("/proc/self/statm");
  double all = 0, resident = 0;
  memory >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// A connection that is opened while the flood goes on and is still talking when it ends.
struct RealFlow {
  FrameEnd client, server;
  uint32_t sequence[2] = {1'000, 5'000};
  uint64_t sent[2] = {0, 0};  // by the client, by the server
};

RealFlow MakeRealFlow(size_t number) {
  const auto device = static_cast<uint32_t>(number % kDevices);
  return {.client = {.mac = {{2, 0, 0, 0, static_cast<uint8_t>(device >> 8),
                              static_cast<uint8_t>(device)}},
                     .ip = 0x0a100001 + device,
                     .port = static_cast<uint16_t>(40'000 + number)},
          .server = {.mac = {{2, 1, 0, 0, 0, 1}},
                     .ip = static_cast<uint32_t>(0x5db80001 + number / 7),
                     .port = 443}};
}

// Makes packets as they are asked for; ten million would not lie in memory. Sorted by time.
class FloodSource final : public PacketSource {
 public:
  explicit FloodSource(const Flood& flood) : flood_(flood) {
    const uint64_t whole_us = flood.seconds * 1'000'000;
    for (size_t i = 0; i < kRealFlows; ++i) {
      flows_.push_back(MakeRealFlow(i));
      const auto number = static_cast<uint32_t>(i);
      const uint64_t opens_us = i * (whole_us / 10) / kRealFlows;
      for (uint64_t step = 0; step < 3; ++step) {
        turns_.push_back({opens_us + step * kTurnUs, number});
      }
      const uint64_t talks = 10 + i % 21, begin_us = opens_us + 3 * kTurnUs;
      for (uint64_t k = 1; k <= talks; ++k) {
        turns_.push_back({begin_us + k * (whole_us - begin_us) / (talks + 1), number});
      }
    }
    std::stable_sort(turns_.begin(), turns_.end(),
                     [](const Turn& a, const Turn& b) { return a.at_us < b.at_us; });
  }

  SourceState Receive(PacketBurst& burst) noexcept override {
    burst.count = 0;
    while (burst.count < kBurstMax && (next_syn_ < flood_.syns || next_turn_ < turns_.size())) {
      const uint64_t syn_us = next_syn_ * flood_.seconds * 1'000'000 / flood_.syns;
      const bool real = next_syn_ == flood_.syns ||
                        (next_turn_ < turns_.size() && turns_[next_turn_].at_us <= syn_us);
      const Timestamp arrival{1'000'000 + (real ? turns_[next_turn_].at_us : syn_us)};
      if (burst.count != 0 && arrival.second() != burst.now.second()) break;
      burst.now = arrival;
      Frame& frame = frames_[burst.count];
      frame.fill(0);
      const size_t bytes = real ? PutReal(flows_[turns_[next_turn_].flow], frame) : PutSyn(frame);
      burst.packets[burst.count++] = {.bytes = std::as_bytes(std::span(frame.data(), bytes)),
                                      .wire_length = static_cast<uint32_t>(bytes),
                                      .link = LinkType::kEthernet,
                                      .arrival = arrival};
      real ? ++next_turn_ : ++next_syn_;
    }
    if (warm_mib == 0 && next_syn_ >= flood_.syns / 10) warm_mib = ResidentMib();
    const bool over = next_syn_ == flood_.syns && next_turn_ == turns_.size();
    if (over) last_mib = ResidentMib();
    return over ? SourceState::kEnded : SourceState::kOpen;
  }

  const std::vector<RealFlow>& flows() const { return flows_; }
  double warm_mib = 0, last_mib = 0;  // after a tenth of the flood, at its end

 private:
  using Frame = std::array<uint8_t, 256>;
  struct Turn {
    uint64_t at_us;
    uint32_t flow;
  };

  size_t PutSyn(Frame& frame) {
    const uint64_t any = random_();
    const FrameEnd source{.mac = {{2, 1, 0, 0, 0, 1}},
                          .ip = static_cast<uint32_t>(0x20000000 | (any & 0x1fffffff)),
                          .port = static_cast<uint16_t>(any >> 32)};
    const FrameEnd target{.mac = {{2, 2, 0, 0, 0, 1}},
                          .ip = static_cast<uint32_t>(0x0a140001 + (any >> 62)),
                          .port = 443};
    PutTcp(frame.data(), source, target, kTcpSyn, static_cast<uint32_t>(any >> 30), 0, 0, {});
    return kSmallestFrameBytes;
  }

  // SYN, SYN-ACK, ACK, then each in turn says 100 bytes.
  static size_t PutReal(RealFlow& flow, Frame& frame) {
    static constexpr std::array<uint8_t, 100> kText{};
    const uint64_t step = flow.sent[0] + flow.sent[1];
    const size_t who = step % 2;
    const FrameEnd &from = who == 0 ? flow.client : flow.server,
                   &to = who == 0 ? flow.server : flow.client;
    const uint8_t flags = step == 0   ? kTcpSyn
                          : step == 1 ? kTcpSyn | kTcpAck
                          : step == 2 ? kTcpAck
                                      : kTcpPsh | kTcpAck;
    const size_t said = step < 3 ? 0 : kText.size();
    PutTcp(frame.data(), from, to, flags, flow.sequence[who],
           step == 0 ? 0 : flow.sequence[1 - who], static_cast<uint16_t>(step),
           std::span(kText.data(), said));
    flow.sequence[who] += static_cast<uint32_t>(said + (step < 2 ? 1 : 0));
    ++flow.sent[who];
    return std::max(kSmallestFrameBytes, kTcpHeadersBytes + said);
  }

  Flood flood_;
  std::vector<RealFlow> flows_;
  std::vector<Turn> turns_;
  std::array<Frame, kBurstMax> frames_{};
  std::mt19937_64 random_{1};
  uint64_t next_syn_ = 0;
  size_t next_turn_ = 0;
};

// Keeps what ended as a flow from a device; of the spoofed ones only how many.
class RealFlowSink final : public EventSink {
 public:
  struct Ended {
    size_t times = 0;
    int64_t packets[2] = {0, 0};
    std::string reason;
  };
  void OnInterval(const IntervalView& view, const IdentityOf&) override {
    packets += view.totals.packets;
    evicted += view.totals.flows_evicted;
  }
  void OnAlert(const AlertEvent& event) override {
    if (event.state == "open") ++alerts[event.kind];
  }
  void OnDevice(const DeviceEvent&) override {}
  void OnHealth(const HealthEvent&) override {}
  void OnFlow(const FlowEvent& event) override {
    if (event.src_ip.rfind("10.16.", 0) != 0) {
      ++others;
      return;
    }
    Ended& ended = real[{event.src_ip, event.src_port}];
    ++ended.times;
    ended.packets[0] += event.packets_fwd;
    ended.packets[1] += event.packets_rev;
    ended.reason = event.end_reason;
  }

  std::map<std::pair<std::string, int32_t>, Ended> real;
  std::map<std::string, size_t> alerts;
  uint64_t packets = 0, evicted = 0, others = 0;
};

std::string TextOf(uint32_t ip) {
  return std::to_string(ip >> 24) + '.' + std::to_string(ip >> 16 & 0xff) + '.' +
         std::to_string(ip >> 8 & 0xff) + '.' + std::to_string(ip & 0xff);
}

void ExpectRealFlowsKept(const FloodSource& source, const RealFlowSink& sink) {
  EXPECT_EQ(sink.real.size(), kRealFlows);
  size_t lost = 0;
  for (const RealFlow& flow : source.flows()) {
    const auto found = sink.real.find({TextOf(flow.client.ip), flow.client.port});
    const bool kept = found != sink.real.end() && found->second.times == 1 &&
                      found->second.packets[0] == static_cast<int64_t>(flow.sent[0]) &&
                      found->second.packets[1] == static_cast<int64_t>(flow.sent[1]);
    if (!kept && ++lost == 1) {
      ADD_FAILURE() << TextOf(flow.client.ip) << ':' << flow.client.port << " sent " << flow.sent[0]
                    << " and got " << flow.sent[1] << "; told: "
                    << (found == sink.real.end()
                            ? "nothing"
                            : std::to_string(found->second.times) + " flows of " +
                                  std::to_string(found->second.packets[0]) + " and " +
                                  std::to_string(found->second.packets[1]) + ", the last ended " +
                                  found->second.reason);
    }
  }
  EXPECT_EQ(lost, 0U) << "of " << kRealFlows << " real flows, by a flood";
}

void RunFlood(const Flood& flood) {
  SensorConfig config;
  config.tracker.flows = flood.table_flows;
  RealFlowSink sink;
  auto engine = Engine::Create(config, flood.workers, /*flow_records=*/true, sink);
  ASSERT_TRUE(engine.ok());
  FloodSource source(flood);
  (*engine)->Run(source);

  uint64_t sent = flood.syns;
  for (const RealFlow& flow : source.flows()) sent += flow.sent[0] + flow.sent[1];
  EXPECT_EQ(sink.packets, sent);
  // The table was too small for the flood by far: somebody had to go.
  EXPECT_GT(sink.evicted, flood.syns / 2);
  EXPECT_EQ(sink.others, flood.syns) << "each spoofed SYN is a flow that ends once";
  EXPECT_GT(sink.alerts["dos.syn_flood"], 0U);
  ExpectRealFlowsKept(source, sink);
#if !defined(__SANITIZE_ADDRESS__)
  // Pages touched for the first time, and the device windows. Two bytes kept of each of ten million
  // SYNs would be more.
  EXPECT_LT(source.last_mib - source.warm_mib, 16)
      << "MiB more than after a tenth of the flood, " << source.warm_mib;
#endif
}

// A table of 128 Ki flows, overrun eleven times. Eight places a bucket and one flow in two buckets:
// in a much smaller table some bucket would hold eight real ones, and one of those would have to
// go.
TEST(Flood, LosesNoRealFlow) {
  RunFlood({.syns = 1'500'000, .seconds = 20, .table_flows = 8'192, .workers = 1});
}

// The default table of 512 Ki flows, overrun nineteen times; the suite named long.
TEST(Flood, LosesNoRealFlowOfTenMillion) {
  const Flood flood{
      .syns = 10'000'000, .seconds = 40, .table_flows = TrackerOptions().flows, .workers = 2};
  RunFlood(flood);
}

}  // namespace
}  // namespace vedette
