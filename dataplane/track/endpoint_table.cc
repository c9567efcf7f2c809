#include "dataplane/track/endpoint_table.h"

namespace vedette {

EndpointRow* EndpointTable::Obtain(const EndpointKey& key, KeyHash hash, bool home) noexcept {
  EndpointRow* row =
      rows_.Find(hash, [&key](const EndpointRow& other) { return other.key == key; });
  if (row == nullptr) {
    row = home ? RowForHome(hash) : RowForStranger(hash);
    if (row == nullptr) {
      ++refused_;
      kept_ = kNone;
      return &overflow_;
    }
    row->key = key;
    row->home = home;
  }
  kept_ = static_cast<size_t>(row - rows_.rows().data());
  return row;
}

EndpointRow* EndpointTable::RowForHome(KeyHash hash) noexcept {
  return rows_.full() ? TakePlace(hash) : &rows_.Insert(hash);
}

EndpointRow* EndpointTable::RowForStranger(KeyHash hash) noexcept {
  EndpointRow* const row = HasRoomForStranger() ? &rows_.Insert(hash) : Earn(hash);
  stranger_rows_ += row != nullptr;
  return row;
}

EndpointRow* EndpointTable::TakePlace(KeyHash hash) noexcept {
  const size_t lightest = LightestStranger();
  return lightest == kNone ? nullptr : &Evict(lightest, hash);
}

// A row begins at the weight that earned it, so that two strangers cannot take it from each other
// in turn. A look in vain raises the bar by one packet: of a flood's light sources, whose estimates
// are all alike, few look at all, and one much heavier is never kept from looking.
EndpointRow* EndpointTable::Earn(KeyHash hash) noexcept {
  const uint32_t estimate = strangers_.AddConservative(hash, 1);
  if (estimate <= std::max(bar_, strangers_.Noise())) return nullptr;
  const size_t lightest = LightestStranger();
  if (lightest == kNone || WeightOf(rows_[lightest]) >= estimate) {
    ++bar_;
    return nullptr;
  }
  EndpointRow& row = Evict(lightest, hash);
  row.packets_before = estimate - 1;
  return &row;
}

// What the row counted stays in the sums, and in the sketch in case its endpoint comes back.
EndpointRow& EndpointTable::Evict(size_t place, KeyHash hash) noexcept {
  const EndpointCounters& counted = rows_[place].counters;
  const uint64_t packets = counted.packets_in + counted.packets_out;
  ++evicted_;
  --stranger_rows_;
  overflow_.counters.Merge(counted);
  strangers_.AddConservative(rows_.HashOf(place), static_cast<uint32_t>(packets));
  return rows_.Replace(place, hash);
}

// The lightest of the next few strangers the hand meets: among spoofed sources almost all are
// equally light, and a look at all of them for each newcomer would be a gift to the attacker.
size_t EndpointTable::LightestStranger() noexcept {
  size_t lightest = kNone;
  uint64_t least = 0;
  size_t seen = 0;
  for (size_t step = 0; step < kStepsMax && seen < kCandidates; ++step) {
    hand_ = hand_ + 1 < rows_.size() ? hand_ + 1 : 0;
    const EndpointRow& row = rows_[hand_];
    if (row.home || hand_ == kept_) continue;
    ++seen;
    const uint64_t weight = WeightOf(row);
    if (lightest == kNone || weight < least) {
      lightest = hand_;
      least = weight;
    }
  }
  return lightest;
}

void EndpointTable::Clear() noexcept {
  rows_.Clear();
  stranger_rows_ = 0;
  thetas_.Clear();
  strangers_.Clear();
  overflow_ = EndpointRow{};
  bar_ = kLightPackets;
  hand_ = 0;
  kept_ = kNone;
  refused_ = evicted_ = 0;
}

}  // namespace vedette
