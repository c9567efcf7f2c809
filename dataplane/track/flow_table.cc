#include "dataplane/track/flow_table.h"

#include <algorithm>
#include <bit>

namespace vedette {
namespace {

// Who goes first.
enum VictimClass : uint8_t { kOver, kHalfOpen, kSinglePacket, kOneWay, kTalking };

VictimClass ClassOf(const Flow& flow) {
  if (flow.state == FlowState::kClosed || flow.state == FlowState::kReset) return kOver;
  if (flow.state == FlowState::kSyn || flow.state == FlowState::kSynAck) return kHalfOpen;
  if (flow.all_packets[0] + flow.all_packets[1] <= 1) return kSinglePacket;
  return flow.one_way() ? kOneWay : kTalking;
}

uint32_t AgeOf(uint64_t last_us) { return static_cast<uint32_t>(last_us >> 10); }

}  // namespace

FlowTable::FlowTable(size_t capacity)
    : buckets_(std::bit_ceil(std::max<size_t>(1, (capacity + kPlaces - 1) / kPlaces))),
      flows_(buckets_.size() * kPlaces),
      links_(flows_.size()),
      mask_(buckets_.size() - 1) {}

Flow* FlowTable::Find(const FlowKey& key, KeyHash hash) noexcept {
  const size_t bucket = BucketOf(hash);
  const uint16_t tag = TagOf(hash);
  const auto& tags = buckets_[bucket].tags;
  for (size_t i = 0; i < kPlaces; ++i) {
    if (tags[i] != tag) continue;
    Flow& flow = flows_[bucket * kPlaces + i];
    if (flow.key == key) return &flow;
  }
  return nullptr;
}

// What the bucket remembers of its flows may be old: the one chosen is looked at, and if it has
// moved on since, the choice is made again. Each round brings one place up to date.
size_t FlowTable::PlaceFor(KeyHash hash, uint64_t now_us) noexcept {
  const size_t number = BucketOf(hash);
  Bucket& bucket = buckets_[number];
  for (size_t i = 0; i < kPlaces; ++i) {
    if (bucket.tags[i] == 0) return number * kPlaces + i;
  }
  const uint32_t now = AgeOf(now_us);
  for (size_t round = 0;; ++round) {
    const size_t victim = VictimOf(bucket, now);
    const Flow& flow = flows_[number * kPlaces + victim];
    const uint8_t actual_class = ClassOf(flow);
    const uint32_t actual_age = AgeOf(flow.last_us);
    const bool as_remembered =
        bucket.classes[victim] == actual_class && bucket.ages[victim] == actual_age;
    if (as_remembered || round == 2 * kPlaces) return number * kPlaces + victim;
    bucket.classes[victim] = actual_class;
    bucket.ages[victim] = actual_age;
  }
}

// The lowest class, the oldest of it.
size_t FlowTable::VictimOf(const Bucket& bucket, uint32_t now) const noexcept {
  const auto rank = [&](size_t i) {
    return uint64_t{bucket.classes[i]} << 32 | (0xffffffffU - (now - bucket.ages[i]));
  };
  size_t victim = 0;
  for (size_t i = 1; i < kPlaces; ++i) {
    if (rank(i) < rank(victim)) victim = i;
  }
  return victim;
}

void FlowTable::PrefetchFlow(KeyHash hash, uint64_t now_us) const noexcept {
  const size_t number = BucketOf(hash);
  const Bucket& bucket = buckets_[number];
  const uint16_t tag = TagOf(hash);
  size_t place = kPlaces;
  for (size_t i = 0; i < kPlaces; ++i) {
    if (bucket.tags[i] == tag) place = i;
    if (bucket.tags[i] == 0 && place == kPlaces) place = i;
  }
  if (place == kPlaces) place = VictimOf(bucket, AgeOf(now_us));
  const char* const flow = reinterpret_cast<const char*>(&flows_[number * kPlaces + place]);
  for (size_t at = 0; at < sizeof(Flow); at += 64) __builtin_prefetch(flow + at, 1);
  __builtin_prefetch(&links_[number * kPlaces + place]);
}

void FlowTable::Occupy(size_t place, const FlowKey& key, KeyHash hash, uint64_t now_us) noexcept {
  // The wheel starts with the first flow.
  if (wheel_second_ == 0 && size_ == 0) wheel_second_ = now_us / 1'000'000;
  Flow& flow = flows_[place];
  flow = Flow{};
  flow.key = key;
  flow.in_use = true;
  Bucket& bucket = buckets_[place / kPlaces];
  bucket.tags[place % kPlaces] = TagOf(hash);
  bucket.classes[place % kPlaces] = kOver;  // known better when it is looked at
  bucket.ages[place % kPlaces] = AgeOf(now_us);
  ++size_;
}

void FlowTable::Schedule(Flow& flow, uint64_t deadline_s) noexcept {
  const size_t place = PlaceOf(flow);
  buckets_[place / kPlaces].classes[place % kPlaces] = ClassOf(flow);
  const uint64_t scheduled_s = links_[place].deadline_s;
  if (scheduled_s != 0 && scheduled_s <= deadline_s) return;
  if (scheduled_s != 0) Unlink(place);
  Link& link = links_[place];
  link.deadline_s = std::max(deadline_s, wheel_second_ + 1);
  uint32_t& head = wheel_[link.deadline_s % kWheelSlots];
  link.previous = 0;
  link.next = head;
  head = static_cast<uint32_t>(place) + 1;
  if (link.next != 0) links_[link.next - 1].previous = head;
}

void FlowTable::Unlink(size_t place) noexcept {
  Link& link = links_[place];
  if (link.previous != 0) {
    links_[link.previous - 1].next = link.next;
  } else {
    uint32_t& head = wheel_[link.deadline_s % kWheelSlots];
    if (head == place + 1) head = link.next;
  }
  if (link.next != 0) links_[link.next - 1].previous = link.previous;
  link = {};
}

uint32_t FlowTable::TakeSlot(size_t slot) noexcept {
  const uint32_t first = wheel_[slot];
  wheel_[slot] = 0;
  return first;
}

void FlowTable::Remove(Flow& flow) noexcept {
  const size_t place = PlaceOf(flow);
  buckets_[place / kPlaces].tags[place % kPlaces] = 0;
  flow.in_use = false;
  --size_;
}

}  // namespace vedette
