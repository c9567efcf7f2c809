// One shard's tracker with a window of its own, fed by packets a test has built, second marks
// included. Tests only.
#ifndef VEDETTE_TESTS_DATAPLANE_TRACK_TRACKED_H_
#define VEDETTE_TESTS_DATAPLANE_TRACK_TRACKED_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/track/tracker.h"
#include "tests/packet_builder.h"

namespace vedette {

inline constexpr std::array<uint64_t, 2> kTestSecret = {0x0123456789abcdef, 0xfedcba9876543210};

class Tracked final : private FlowEndObserver {
 public:
  struct Ended {
    Flow flow;
    FlowEnd end;
  };

  explicit Tracked(const TrackerOptions& options = {},
                   HomeNetworks home_networks = HomeNetworks::Default(), size_t rows = 1'024)
      : endpoints(rows),
        home_(std::move(home_networks)),
        tracker_(options, KeyedHash(kTestSecret), home_, *this) {
    tracker_.WriteTo({.counters = &counters,
                      .endpoints = &endpoints,
                      .egress = &egress,
                      .attempts = &attempts,
                      .irregularities = &irregularities,
                      .contacts = &contacts});
  }

  // False: a duplicate. What became of the packet stands in `last` until the next one.
  bool Send(uint64_t at_us, const PacketBytes& bytes, LinkType link = LinkType::kEthernet) {
    Decode(ViewOf(bytes, at_us, link), Checksums::kVerify, packet_);
    KeysOf(packet_, KeyedHash(kTestSecret), keys_);
    tracker_.Prefetch(packet_, keys_);
    tracker_.PrefetchRecords(packet_, keys_);
    last = {};
    return tracker_.Track(packet_, keys_, last);
  }
  bool Send(uint64_t at_us, const PacketBuilder& builder) { return Send(at_us, builder.Build()); }
  void Mark(uint64_t second) { tracker_.ExpireUntil(second); }
  void EndAll() { tracker_.EndAll(); }
  void ClearWindow() {
    counters = {};
    endpoints.Clear();
    egress.Clear();
    attempts.Clear();
    irregularities.Clear();
    contacts.Clear();
  }
  size_t flows() const { return tracker_.flows(); }

  const EndpointRow* Row(const std::string& ip, uint16_t vlan = 0) const {
    return Row(EndpointKey{.ip = Ip(ip), .vlan = vlan});
  }
  const EndpointRow* Row(const EndpointKey& key) const {
    for (const EndpointRow& row : endpoints.rows()) {
      if (row.key == key) return &row;
    }
    return nullptr;
  }
  const AttemptPair* AttemptOf(const std::string& source, const std::string& target) const {
    for (const AttemptPair& pair : attempts.records()) {
      if (pair.source.ip == Ip(source) && pair.target == Ip(target)) return &pair;
    }
    return nullptr;
  }
  std::vector<FlowEnd> Ends() const {
    std::vector<FlowEnd> ends;
    for (const Ended& one : ended) ends.push_back(one.end);
    return ends;
  }

  ShardCounters counters;
  EndpointTable endpoints;
  EgressTable egress;
  AttemptTable attempts;
  IrregularityTable irregularities;
  ContactLog contacts;
  TrackedPacket last;
  std::vector<Ended> ended;

 private:
  void OnFlowEnd(Flow& flow, FlowEnd end) noexcept override { ended.push_back({flow, end}); }
  void OnSoleFlowEnd(Flow& flow, FlowEnd end) noexcept override {
    flow.Unfold();
    OnFlowEnd(flow, end);
  }

  HomeNetworks home_;
  DecodedPacket packet_;
  PacketKeys keys_;
  Tracker tracker_;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_DATAPLANE_TRACK_TRACKED_H_
