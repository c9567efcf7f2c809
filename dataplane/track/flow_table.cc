#include "dataplane/track/flow_table.h"

#include <algorithm>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

// A bit for each place whose tag is `tag`.
unsigned PlacesWith(const std::array<uint16_t, 8>& tags, uint16_t tag) {
#if defined(__SSE2__)
  const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(tags.data()));
  const __m128i same = _mm_cmpeq_epi16(all, _mm_set1_epi16(static_cast<short>(tag)));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128())));
#else
  unsigned places = 0;
  for (size_t i = 0; i < tags.size(); ++i) places |= unsigned{tags[i] == tag} << i;
  return places;
#endif
}
size_t FirstOf(unsigned places) { return static_cast<size_t>(std::countr_zero(places)); }

uint32_t AgeOf(uint64_t last_us) { return static_cast<uint32_t>(last_us >> 10); }

}  // namespace

FlowTable::FlowTable(size_t capacity)
    : buckets_(std::bit_ceil(std::max<size_t>(1, (capacity + kPlaces - 1) / kPlaces))),
      flows_(buckets_.size() * kPlaces),
      links_(flows_.size()),
      mask_(buckets_.size() - 1) {}

Flow* FlowTable::Find(const FlowKey& key, KeyHash hash) noexcept {
  const size_t bucket = BucketOf(hash);
  unsigned places = PlacesWith(buckets_[bucket].tags, TagOf(hash));
  for (; places != 0; places &= places - 1) {
    Flow& flow = flows_[bucket * kPlaces + FirstOf(places)];
    if (flow.key == key) return &flow;
  }
  return nullptr;
}

// What the bucket remembers of its flows may be old: the one chosen is looked at, and if it has
// moved on since, the choice is made again. Each round brings one place up to date.
size_t FlowTable::PlaceFor(KeyHash hash, uint64_t now_us) noexcept {
  const size_t number = BucketOf(hash);
  Bucket& bucket = buckets_[number];
  const unsigned free = PlacesWith(bucket.tags, 0);
  if (free != 0) return number * kPlaces + FirstOf(free);
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
  // The place rides in the lowest bits, so that the least rank names it.
  uint64_t least = ~uint64_t{0};
  for (size_t i = 0; i < kPlaces; ++i) {
    const uint64_t youth = 0xffffffffU - (now - bucket.ages[i]);
    least = std::min(least, uint64_t{bucket.classes[i]} << 40 | youth << 8 | i);
  }
  return static_cast<size_t>(least & 0xff);
}

void FlowTable::PrefetchFlow(KeyHash hash, uint64_t now_us) const noexcept {
  const size_t number = BucketOf(hash);
  const Bucket& bucket = buckets_[number];
  unsigned places = PlacesWith(bucket.tags, TagOf(hash));
  if (places == 0) places = PlacesWith(bucket.tags, 0);
  const size_t place = places != 0 ? FirstOf(places) : VictimOf(bucket, AgeOf(now_us));
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
