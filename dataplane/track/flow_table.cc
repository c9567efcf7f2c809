#include "dataplane/track/flow_table.h"

#include <algorithm>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace vedette {
namespace {

// Who goes first.
enum VictimClass : uint8_t { kOver, kHalfOpen, kSinglePacket, kOneWay, kTalking };  // 3 bits

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

constexpr unsigned kClassShift = 29, kAgeShift = 3, kAgeUnitBits = 12;
constexpr uint32_t kAgeMask = (uint32_t{1} << kClassShift) - (uint32_t{1} << kAgeShift);

uint32_t AgeOf(uint64_t at_us) {
  return static_cast<uint32_t>(at_us >> kAgeUnitBits << kAgeShift) & kAgeMask;
}
uint32_t RankOf(uint8_t victim_class, uint64_t last_us, size_t place) {
  return uint32_t{victim_class} << kClassShift | AgeOf(last_us) | static_cast<uint32_t>(place);
}

// Ranks as they order at `now_us`: what was seen longest ago is least, though the clock wraps.
// The place rides along, so that the least rank names it.
size_t LeastOf(const std::array<uint32_t, 8>& ranks, uint64_t now_us) {
  const uint32_t later = AgeOf(now_us) + (uint32_t{1} << kAgeShift);
#if defined(__SSE2__)
  // Unsigned order by signed comparison: the class's highest bit is turned.
  const __m128i sign = _mm_set1_epi32(INT32_MIN), age_bits = _mm_set1_epi32(kAgeMask);
  const auto ordered = [&](size_t first) {
    const __m128i rank = _mm_loadu_si128(reinterpret_cast<const __m128i*>(ranks.data() + first));
    const __m128i age = _mm_sub_epi32(rank, _mm_set1_epi32(static_cast<int>(later)));
    return _mm_xor_si128(
        sign, _mm_or_si128(_mm_and_si128(age, age_bits), _mm_andnot_si128(age_bits, rank)));
  };
  const auto least = [](__m128i a, __m128i b) {
    const __m128i takes_b = _mm_cmpgt_epi32(a, b);
    return _mm_or_si128(_mm_and_si128(takes_b, b), _mm_andnot_si128(takes_b, a));
  };
  __m128i best = least(ordered(0), ordered(4));
  best = least(best, _mm_shuffle_epi32(best, _MM_SHUFFLE(1, 0, 3, 2)));
  best = least(best, _mm_shuffle_epi32(best, _MM_SHUFFLE(2, 3, 0, 1)));
  return static_cast<size_t>(_mm_cvtsi128_si32(best)) % ranks.size();
#else
  uint32_t best = UINT32_MAX;
  for (const uint32_t rank : ranks) {
    best = std::min(best, ((rank - later) & kAgeMask) | (rank & ~kAgeMask));
  }
  return best % ranks.size();
#endif
}

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
    if (flow.key != key) continue;
    if (flow.is_sole) flow.Unfold();
    return &flow;
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
  for (size_t round = 0;; ++round) {
    const size_t victim = LeastOf(bucket.ranks, now_us);
    const Flow& flow = flows_[number * kPlaces + victim];
    const uint32_t actual = RankOf(ClassOf(flow), flow.last_us, victim);
    if (bucket.ranks[victim] == actual || round == 2 * kPlaces) return number * kPlaces + victim;
    bucket.ranks[victim] = actual;
  }
}

void FlowTable::PrefetchFlow(KeyHash hash, uint64_t now_us) const noexcept {
  const size_t number = BucketOf(hash);
  const Bucket& bucket = buckets_[number];
  const unsigned known = PlacesWith(bucket.tags, TagOf(hash));
  const unsigned places = known != 0 ? known : PlacesWith(bucket.tags, 0);
  const size_t place = places != 0 ? FirstOf(places) : LeastOf(bucket.ranks, now_us);
  const char* const flow = reinterpret_cast<const char*>(&flows_[number * kPlaces + place]);
  __builtin_prefetch(&links_[number * kPlaces + place], 1);
  __builtin_prefetch(flow, 1);
  if (known == 0) return;
  for (size_t at = 64; at < sizeof(Flow); at += 64) __builtin_prefetch(flow + at, 1);
}

Flow& FlowTable::Occupy(size_t place, const FlowKey& key, KeyHash hash, uint64_t now_us) noexcept {
  // The wheel starts with the first flow.
  if (wheel_second_ == 0 && size_ == 0) wheel_second_ = now_us / 1'000'000;
  Flow& flow = flows_[place];
  flow.key = key;
  flow.in_use = true;
  Bucket& bucket = buckets_[place / kPlaces];
  bucket.tags[place % kPlaces] = TagOf(hash);
  // Known better when it is looked at.
  bucket.ranks[place % kPlaces] = RankOf(kOver, now_us, place % kPlaces);
  ++size_;
  return flow;
}

void FlowTable::Schedule(Flow& flow, uint64_t deadline_s) noexcept {
  const size_t place = PlaceOf(flow);
  uint32_t& rank = buckets_[place / kPlaces].ranks[place % kPlaces];
  rank = RankOf(ClassOf(flow), 0, 0) | (rank & ((uint32_t{1} << kClassShift) - 1));
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
