#include "dataplane/track/endpoint_table.h"

namespace vedette {

EndpointRow* EndpointTable::Obtain(const EndpointKey& key, KeyHash hash, bool home) noexcept {
  EndpointRow* row =
      rows_.Find(hash, [&key](const EndpointRow& other) { return other.key == key; });
  if (row != nullptr) return row;
  if (!rows_.full()) {
    row = &rows_.Insert(hash);
  } else if (home) {
    row = TakePlace(hash);
  }
  if (row == nullptr) {
    ++refused_;
    return &overflow_;
  }
  row->key = key;
  row->home = home;
  return row;
}

// The lightest of the next few strangers the hand meets: among spoofed sources almost all are
// equally light, and a look at all of them for each newcomer would be a gift to the attacker.
EndpointRow* EndpointTable::TakePlace(KeyHash hash) noexcept {
  size_t lightest = rows_.capacity();
  uint64_t least = 0;
  size_t seen = 0;
  for (size_t step = 0; step < kStepsMax && seen < kCandidates; ++step) {
    hand_ = hand_ + 1 < rows_.capacity() ? hand_ + 1 : 0;
    const EndpointRow& row = rows_[hand_];
    if (row.home) continue;
    ++seen;
    const uint64_t weight = row.counters.packets_in + row.counters.packets_out;
    if (lightest == rows_.capacity() || weight < least) {
      lightest = hand_;
      least = weight;
    }
  }
  if (lightest == rows_.capacity()) return nullptr;
  ++evicted_;
  return &rows_.Replace(lightest, hash);
}

void EndpointTable::Clear() noexcept {
  rows_.Clear();
  thetas_.Clear();
  overflow_ = EndpointRow{};
  hand_ = 0;
  refused_ = evicted_ = 0;
}

}  // namespace vedette
