// Feeds packets of a few flows to an inspector, as a shard's tracker would, and keeps what it
// noted. Tests only.
#ifndef VEDETTE_TESTS_DATAPLANE_INSPECT_INSPECTED_H_
#define VEDETTE_TESTS_DATAPLANE_INSPECT_INSPECTED_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/inspect/app_protocol.h"
#include "dataplane/inspect/inspector.h"
#include "tests/packet_builder.h"

namespace vedette {

inline std::shared_ptr<const PatternDatabase> TestPatterns() {
  static const auto database = PatternDatabase::Create(BuiltInPatterns()).value();
  return database;
}

class Inspected {
 public:
  explicit Inspected(uint16_t responder_port, bool tcp = true,
                     const InspectorOptions& options = {.streams = 4, .server_names = 8})
      : port_(responder_port), inspector_(options, hash_, TestPatterns()) {
    for (size_t i = 0; i < flows_.size(); ++i) {
      flows_[i].key = {Ip(kClient), Ip(kServer), ClientPort(i), port_,
                       static_cast<uint8_t>(tcp ? 6 : 17)};
      flows_[i].state = FlowState::kEstablished;
      flows_[i].direction = Direction::kOutbound;
    }
    rows_[0].key = {.ip = Ip(kClient)};
    rows_[1].key = {.ip = Ip(kServer)};
  }

  // Packets from here on are of this flow.
  Inspected& Select(size_t flow) {
    selected_ = flow;
    return *this;
  }
  // `at`: how many bytes of this side's stream lie before the payload.
  Inspected& Client(size_t at, const std::string& payload, uint8_t flags = kTcpAck) {
    return Segment(true, at, payload, flags);
  }
  Inspected& Server(size_t at, const std::string& payload, uint8_t flags = kTcpAck) {
    return Segment(false, at, payload, flags);
  }
  Inspected& Datagram(bool forward, const std::string& payload) {
    PacketBuilder builder;
    builder.Ethernet().Ip4(forward ? kClient : kServer, forward ? kServer : kClient);
    builder.Udp(forward ? ClientPort(selected_) : port_, forward ? port_ : ClientPort(selected_))
        .Payload(payload);
    return Feed(forward, builder.Build());
  }
  // Ends the flow as far as the inspector is concerned; what it remembered of names comes back.
  std::string EndFlow() {
    FlowRecord record;
    inspector_.OnFlowEnd(flow(), &record);
    return record.server_name.data();
  }

  std::vector<std::string> Irregularities() const {
    std::vector<std::string> names;
    for (size_t i = 0; i < kDecodeStatusCount; ++i) {
      for (uint64_t n = 0; n < (*counts_)[i]; ++n) {
        names.emplace_back(kDecodeStatuses[i].wire_name);
      }
    }
    return names;
  }
  std::vector<std::string> MatchedPatterns() const {
    std::vector<std::string> names;
    for (const ContentMatch& match : matches_->records()) {
      names.push_back(TestPatterns()->patterns()[match.pattern].name);
    }
    return names;
  }
  std::span<const ContentMatch> matches() const { return matches_->records(); }
  std::span<const DnsMessage> dns() const { return dns_->records(); }
  std::span<const NameSighting> names() const { return names_->records(); }
  AppProtocol app() const { return static_cast<AppProtocol>(flows_[selected_].app); }
  Flow& flow() { return flows_[selected_]; }
  const Inspector& inspector() const { return inspector_; }
  void Pass(uint64_t us) { now_us_ += us; }
  const EndpointCounters& client_counters() const { return rows_[0].counters; }

  static constexpr char kClient[] = "10.0.0.1", kServer[] = "198.51.100.1";
  static constexpr uint32_t kFirstSequence = 0xffffff00;  // wraps around early

 private:
  static uint16_t ClientPort(size_t flow) { return static_cast<uint16_t>(40'000 + flow); }
  Inspected& Segment(bool forward, size_t at, const std::string& payload, uint8_t flags) {
    PacketBuilder builder;
    builder.Ethernet().Ip4(forward ? kClient : kServer, forward ? kServer : kClient);
    builder.Tcp(forward ? ClientPort(selected_) : port_, forward ? port_ : ClientPort(selected_),
                flags, kFirstSequence + static_cast<uint32_t>(at));
    return Feed(forward, builder.Payload(payload).Build());
  }
  Inspected& Feed(bool forward, const PacketBytes& bytes) {
    DecodedPacket packet;
    now_us_ += 1'000;
    Decode(ViewOf(bytes, now_us_), Checksums::kVerify, packet);
    Flow& flow = flows_[selected_];
    ++flow.all_packets[forward ? 0 : 1];
    flow.all_bytes[forward ? 0 : 1] += bytes.size();
    flow.last_us = now_us_;
    TrackedPacket tracked{.packet = &packet,
                          .flow = &flow,
                          .source = &rows_[forward ? 0 : 1],
                          .target = &rows_[forward ? 1 : 0],
                          .direction = forward ? Direction::kOutbound : Direction::kInbound,
                          .forward = forward};
    tracked.source_key = hash_.OfEndpoint(tracked.source->key);
    inspector_.OnPacket(tracked, {*dns_, *names_, *matches_, irregularities_, *counts_});
    return *this;
  }

  uint16_t port_;
  KeyedHash hash_{{1, 2}};
  std::unique_ptr<DnsLog> dns_ = std::make_unique<DnsLog>();
  std::unique_ptr<NameLog> names_ = std::make_unique<NameLog>();
  std::unique_ptr<MatchLog> matches_ = std::make_unique<MatchLog>();
  IrregularityTable irregularities_;
  std::unique_ptr<std::array<uint64_t, kDecodeStatusCount>> counts_ =
      std::make_unique<std::array<uint64_t, kDecodeStatusCount>>();
  Inspector inspector_;
  std::array<Flow, 3> flows_;
  size_t selected_ = 0;
  EndpointRow rows_[2];
  uint64_t now_us_ = 1'000'000;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_DATAPLANE_INSPECT_INSPECTED_H_
