// The one loop: live, replay and test differ only in the source. Runs to completion on its own
// thread: receive a burst, decode, fetch ahead, track, inspect, observe; at each whole second of
// the source's time hand the interval over. Touches nothing another thread writes.
#ifndef VEDETTE_DATAPLANE_WORKER_WORKER_H_
#define VEDETTE_DATAPLANE_WORKER_WORKER_H_

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "dataplane/capture/packet_source.h"
#include "dataplane/decode/decode.h"
#include "dataplane/worker/handover.h"
#include "dataplane/worker/shard.h"
#include "dataplane/worker/turn_count.h"

namespace vedette {

template <typename Observe>
class Worker {
 public:
  // Owns the shards s with s % workers == index.
  Worker(size_t index, size_t workers, const ShardSurroundings& surroundings,
         Handover<Observe>& handover)
      : hash_(surroundings.hash), handover_(handover) {
    for (size_t s = index; s < kShards; s += workers) {
      shards_[s] = std::make_unique<Shard<Observe>>(s, surroundings, handover);
    }
    // A NIC gives some packets to a queue without hashing them (ARP): they stay with its worker.
    for (size_t s = 0; s < kShards; ++s) {
      const size_t own = index + s / workers * workers;
      serving_[s] = shards_[own < kShards ? own : index].get();
    }
  }

  // Until the source has ended and everything is handed over.
  void Run(PacketSource& source) noexcept {
    PacketBurst burst;
    SourceState state;
    do {
      state = source.Receive(burst);
      // A source that ends before its first packet tells no time: it never had one.
      const bool tells_time = started_ || state == SourceState::kOpen || burst.count != 0;
      if (tells_time) MoveTo(burst.now.second());
      Process(burst.views());
      source.Release(burst);
      turns_.Add();
    } while (state != SourceState::kEnded);
    Finish();
  }

  // Any thread: taken at the next second mark, with its number told from then on.
  void Offer(const WorkerSettings& settings) noexcept {
    offered_.store(&settings, std::memory_order_release);
  }
  uint64_t settings_taken() const noexcept {
    return settings_taken_.load(std::memory_order_acquire);
  }

  // Any thread: a burst each, empty ones too; a source that is open gives one a second at least.
  uint64_t turns() const noexcept { return turns_.load(); }

 private:
  template <typename Call>
  void EachShard(Call&& call) noexcept {
    for (const auto& shard : shards_) {
      if (shard != nullptr) call(*shard);
    }
  }

  // Idle hours are one step: flows that ended in them are noticed at their end.
  void MoveTo(uint64_t second) noexcept {
    if (started_ && second <= second_) return;  // 0 is a second like any other
    if (started_) {
      EachShard([this](auto& shard) { shard.ExpireUntil(second_ + 1); });
      HandOver();
      EachShard([second](auto& shard) { shard.ExpireUntil(second); });
    }
    second_ = second;
    started_ = true;
  }

  void HandOver() noexcept {
    EachShard([](auto& shard) { shard.HandOverWindow(); });
    handover_.Send({.kind = HandoverKind::kMark, .second = second_});
    EachShard([](auto& shard) { shard.HandOverFlows(); });
    TakeSettings();
  }

  void TakeSettings() noexcept {
    const WorkerSettings* const offered = offered_.load(std::memory_order_acquire);
    if (offered == settings_) return;
    settings_ = offered;
    EachShard([offered](auto& shard) { shard.Use(*offered); });
    settings_taken_.store(offered->number, std::memory_order_release);
  }

  // Stage by stage over the whole burst: the memory a packet needs is on its way while its
  // neighbours are decoded.
  void Process(std::span<const PacketView> views) noexcept {
    for (const PacketView& view : views) PrefetchHeaders(view);
    for (size_t i = 0; i < views.size(); ++i) {
      Decode(views[i], Checksums::kVerify, packets_[i]);
      KeysOf(packets_[i], hash_, keys_[i]);
      shard_of_[i] = &ShardFor(views[i], keys_[i]);
      shard_of_[i]->Prefetch(packets_[i], keys_[i]);
    }
    for (size_t i = 0; i < views.size(); ++i) {
      shard_of_[i]->PrefetchRecords(packets_[i], keys_[i]);
    }
    for (size_t i = 0; i < views.size(); ++i) shard_of_[i]->OnPacket(packets_[i], keys_[i]);
  }

  // Headers begin anywhere in a cache line and seldom reach beyond the next.
  static void PrefetchHeaders(const PacketView& view) noexcept {
    __builtin_prefetch(view.bytes.data());
    if (view.bytes.size() >= 64) __builtin_prefetch(&view.bytes[63]);
  }

  // Where the NIC shared packets out, its hash says whose they are: it knows the outer addresses
  // alone, and a pair's packets must not lie in two shards.
  Shard<Observe>& ShardFor(const PacketView& view, const PacketKeys& keys) noexcept {
    return *serving_[view.has_rss_hash ? view.rss_hash % kShards : ShardOf(keys.pair_hash)];
  }

  void Finish() noexcept {
    if (started_) {
      EachShard([](auto& shard) { shard.EndAll(); });
      HandOver();
    }
    handover_.Send({.kind = HandoverKind::kEnd});
  }

  KeyedHash hash_;
  Handover<Observe>& handover_;
  std::array<std::unique_ptr<Shard<Observe>>, kShards> shards_;
  std::array<DecodedPacket, kBurstMax> packets_;
  std::array<PacketKeys, kBurstMax> keys_;
  std::array<Shard<Observe>*, kShards> serving_{};  // of shards_, one for each of all 16
  std::array<Shard<Observe>*, kBurstMax> shard_of_{};
  uint64_t second_ = 0;
  bool started_ = false;
  TurnCount turns_;
  const WorkerSettings* settings_ = nullptr;  // null: those it was made with
  std::atomic<const WorkerSettings*> offered_{nullptr};
  std::atomic<uint64_t> settings_taken_{0};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_WORKER_H_
