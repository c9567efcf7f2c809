// Flows by key, in fixed memory. Set-associative: the hash names a bucket of eight places, whose
// tags and ranks share one cache line, so that a stranger costs one miss. When a bucket is
// full a victim goes by class, then by age: what is over first, then what never got an answer,
// established flows last - a flood cannot push out real flows. Deadlines hang in a wheel of whole
// seconds; idle time costs at most one turn of it. Order follows from the shard's packets alone.
// Owned by a shard's tracker. Nothing allocates after construction.
#ifndef VEDETTE_DATAPLANE_TRACK_FLOW_TABLE_H_
#define VEDETTE_DATAPLANE_TRACK_FLOW_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/sketch/key_hash.h"
#include "dataplane/sketch/zeroed_array.h"
#include "dataplane/track/flow.h"

namespace vedette {

class FlowTable {
 public:
  // Rounded up to whole buckets, a power of two of them.
  explicit FlowTable(size_t capacity);

  // First the bucket's line; when that has come, the flow that will be looked at.
  void Prefetch(KeyHash hash) const noexcept { __builtin_prefetch(&buckets_[BucketOf(hash)]); }
  void PrefetchFlow(KeyHash hash, uint64_t now_us) const noexcept;
  Flow* Find(const FlowKey& key, KeyHash hash) noexcept;

  // Never null. `on_evict(Flow&)` is told of the flow that has to go, if one has to. The key must
  // not be in the table; all but key and place is zero.
  template <typename OnEvict>
  Flow* Insert(const FlowKey& key, KeyHash hash, uint64_t now_us, OnEvict&& on_evict) noexcept {
    const size_t place = EmptiedPlace(hash, now_us, on_evict);
    flows_[place] = Flow{};
    return &Occupy(place, key, hash, now_us);
  }
  // The same for a flow of which there is one SYN: the caller sets all of the first line but key
  // and place, nothing else of it is written. Find unfolds it.
  template <typename OnEvict>
  Flow* InsertSole(const FlowKey& key, KeyHash hash, uint64_t now_us, OnEvict&& on_evict) noexcept {
    const size_t place = EmptiedPlace(hash, now_us, on_evict);
    flows_[place].is_sole = true;
    return &Occupy(place, key, hash, now_us);
  }

  // The flow is looked at by the first second mark at or after `deadline_s`, or sooner. Also tells
  // the table that the flow's state has changed.
  void Schedule(Flow& flow, uint64_t deadline_s) noexcept;

  // `on_due(Flow&)` for each flow whose deadline is not after `second`: a later deadline, or 0 when
  // it has been ended and is to be removed.
  template <typename OnDue>
  void ExpireUntil(uint64_t second, OnDue&& on_due) noexcept {
    if (second <= wheel_second_) return;
    const uint64_t turn = kWheelSlots;
    const uint64_t steps = second - wheel_second_ < turn ? second - wheel_second_ : turn;
    const uint64_t first = wheel_second_ + 1;
    wheel_second_ = second;
    for (uint64_t i = 0; i < steps; ++i) {
      uint32_t next = TakeSlot((first + i) % kWheelSlots);
      while (next != 0) {
        Flow& flow = flows_[next - 1];
        Link& link = links_[next - 1];
        next = link.next;
        const uint64_t due_s = link.deadline_s;
        link = {};
        if (!flow.in_use) continue;
        const uint64_t deadline_s = due_s > second ? due_s : on_due(flow);
        if (deadline_s == 0) {
          Remove(flow);
        } else {
          Schedule(flow, deadline_s);
        }
      }
    }
  }

  void Remove(Flow& flow) noexcept;

  // `on_end(Flow&)` for all, in the order of their places; the table is empty then.
  template <typename OnEnd>
  void EndAll(OnEnd&& on_end) noexcept {
    for (size_t place = 0; size_ != 0 && place < flows_.size(); ++place) {
      if (!flows_[place].in_use) continue;
      on_end(flows_[place]);
      Remove(flows_[place]);
    }
  }

  size_t size() const noexcept { return size_; }
  size_t capacity() const noexcept { return flows_.size(); }
  size_t memory_bytes() const noexcept {
    return flows_.bytes() + buckets_.bytes() + links_.bytes();
  }

 private:
  static constexpr size_t kPlaces = 8;
  static constexpr size_t kWheelSlots = 2'048;  // beyond the longest timeout

  // Who goes first, as last known: class, time of the last packet in 2^12 us, wrapping (three days,
  // beyond the longest timeout), place. The least goes.
  struct alignas(64) Bucket {
    std::array<uint16_t, kPlaces> tags;  // 0: free
    std::array<uint32_t, kPlaces> ranks;
  };

  // A place's turn in the wheel, which outlives its flow: who comes into the place finds it there,
  // and is looked at no later than need be. So a flood that replaces flows leaves the wheel alone.
  // Apart from the flows, so that unlinking a neighbour does not fetch
  // its record.
  struct Link {
    uint64_t deadline_s;      // 0: not in the wheel
    uint32_t next, previous;  // place + 1
  };

  size_t BucketOf(KeyHash hash) const noexcept { return hash.value & mask_; }
  static uint16_t TagOf(KeyHash hash) noexcept {
    return static_cast<uint16_t>((hash.value >> 40) | 1U);
  }
  size_t PlaceOf(const Flow& flow) const noexcept {
    return static_cast<size_t>(&flow - flows_.data());
  }
  template <typename OnEvict>
  size_t EmptiedPlace(KeyHash hash, uint64_t now_us, OnEvict&& on_evict) noexcept {
    const size_t place = PlaceFor(hash, now_us);
    Flow& flow = flows_[place];
    if (flow.in_use) {
      on_evict(flow);
      Remove(flow);
    }
    return place;
  }
  size_t PlaceFor(KeyHash hash, uint64_t now_us) noexcept;
  Flow& Occupy(size_t place, const FlowKey& key, KeyHash hash, uint64_t now_us) noexcept;
  void Unlink(size_t place) noexcept;
  uint32_t TakeSlot(size_t slot) noexcept;

  ZeroedArray<Bucket> buckets_;
  ZeroedArray<Flow> flows_;
  ZeroedArray<Link> links_;
  size_t mask_;
  size_t size_ = 0;
  uint64_t wheel_second_ = 0;
  std::array<uint32_t, kWheelSlots> wheel_{};  // place + 1 of the first
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_FLOW_TABLE_H_
