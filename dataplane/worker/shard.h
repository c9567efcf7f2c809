// One of sixteen: everything that depends on packet order or on a full table. Owned by a worker,
// which owns whole shards; never sees another shard's packets. `Observe` is the detectors' hot
// half, bound at compile time.
#ifndef VEDETTE_DATAPLANE_WORKER_SHARD_H_
#define VEDETTE_DATAPLANE_WORKER_SHARD_H_

#include <array>
#include <memory>
#include <optional>

#include "dataplane/inspect/inspector.h"
#include "dataplane/track/home_networks.h"
#include "dataplane/track/keyed_hash.h"
#include "dataplane/track/packet_keys.h"
#include "dataplane/track/tracker.h"
#include "dataplane/worker/handover.h"
#include "dataplane/worker/worker_settings.h"

namespace vedette {

struct ShardOptions {
  TrackerOptions tracker;
  InspectorOptions inspector;
  bool flow_records = false;  // somebody wants ended flows
};

// What all shards of a sensor share: read only while they run, outlives them.
struct ShardSurroundings {
  ShardOptions options;
  KeyedHash hash;
  HomeNetworks home;
  std::shared_ptr<const PatternDatabase> patterns;
};

constexpr size_t ShardOf(KeyHash pair) noexcept { return pair.value >> 60; }
static_assert(kShards == 16);

template <typename Observe>
class Shard final : private FlowEndObserver {
 public:
  Shard(size_t index, const ShardSurroundings& surroundings, Handover<Observe>& handover)
      : index_(static_cast<uint8_t>(index)),
        handover_(handover),
        tracker_(surroundings.options.tracker, surroundings.hash, surroundings.home, *this),
        inspector_(surroundings.options.inspector, surroundings.hash, surroundings.patterns) {
    handover.GiveBack(index, windows_[1].get());
    if (surroundings.options.flow_records) chunk_ = handover.WaitForChunk();
    Write();
  }

  void Prefetch(const DecodedPacket& packet, PacketKeys& keys) const noexcept {
    tracker_.Prefetch(packet, keys);
  }
  void PrefetchRecords(const DecodedPacket& packet, const PacketKeys& keys) const noexcept {
    tracker_.PrefetchRecords(packet, keys);
  }

  void OnPacket(const DecodedPacket& packet, const PacketKeys& keys) noexcept {
    TrackedPacket tracked;
    if (!tracker_.Track(packet, keys, tracked)) return;
    inspector_.OnPacket(tracked, *logs_);
    window_->hot.OnPacket(tracked);
  }

  void Use(const WorkerSettings& settings) noexcept {
    tracker_.SetHome(settings.home);
    inspector_.UsePatterns(*settings.patterns[index_]);
  }

  void ExpireUntil(uint64_t second) noexcept { tracker_.ExpireUntil(second); }
  void EndAll() noexcept { tracker_.EndAll(); }

  // Hands the interval over; the next one begins in a clear window.
  void HandOverWindow() noexcept {
    window_->tables.flows_active = tracker_.flows();
    handover_.Send({.kind = HandoverKind::kWindow, .shard = index_, .window = window_});
    window_ = handover_.WaitForSpare(index_);
    Write();
  }
  void HandOverFlows() noexcept {
    if (chunk_ == nullptr || chunk_->count == 0) return;
    handover_.Send({.kind = HandoverKind::kFlows, .shard = index_, .flows = chunk_});
    chunk_ = handover_.WaitForChunk();
  }

 private:
  void Write() noexcept {
    ShardWindow& tables = window_->tables;
    tracker_.WriteTo({.counters = &tables.counters,
                      .endpoints = &tables.endpoints,
                      .egress = &tables.egress,
                      .attempts = &tables.attempts,
                      .irregularities = &tables.irregularities,
                      .contacts = &tables.contacts});
    logs_.emplace(InspectionLogs{.dns = tables.dns,
                                 .names = tables.names,
                                 .matches = tables.matches,
                                 .irregularities = tables.irregularities,
                                 .irregularity_counts = tables.counters.irregularities});
  }

  // One SYN leaves nothing with the inspector.
  void OnSoleFlowEnd(Flow& flow, FlowEnd end) noexcept override {
    if (chunk_ == nullptr && !Observe::kHearsFlowEnds) return;
    flow.Unfold();
    OnFlowEnd(flow, end);
  }

  void OnFlowEnd(Flow& flow, FlowEnd end) noexcept override {
    const bool goes_on = end == FlowEnd::kActive;
    FlowRecord* record = nullptr;
    // A part in which nothing was said needs no record.
    if (chunk_ != nullptr && flow.packets[0] + flow.packets[1] != 0) {
      record = &chunk_->records[chunk_->count++];
      record->flow = flow;
      record->end = end;
      record->server_name = {};
    }
    if (!goes_on) {
      inspector_.OnFlowEnd(flow, record);
      window_->hot.OnFlowEnd(flow, end);
    }
    // Full before the mark: the shard's own doing, so the same for any number of workers.
    if (chunk_ != nullptr && chunk_->full()) HandOverFlows();
  }

  uint8_t index_;
  Handover<Observe>& handover_;
  // One is written while the other is read.
  std::array<std::unique_ptr<Window<Observe>>, 2> windows_ = {std::make_unique<Window<Observe>>(),
                                                              std::make_unique<Window<Observe>>()};
  Window<Observe>* window_ = windows_[0].get();
  Tracker tracker_;
  Inspector inspector_;
  std::optional<InspectionLogs> logs_;
  FlowChunk* chunk_ = nullptr;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_SHARD_H_
