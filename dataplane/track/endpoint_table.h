// The endpoints one shard saw in one interval. Home endpoints outrank strangers: these may have a
// part of the rows only, and when the table is full a new home endpoint takes the place of a light
// stranger. A new stranger that finds no room has to earn a row: its
// packets go to the overflow row, which is nobody in particular, and are counted in refused(),
// until a Count-Min sketch of the refused says that it is heavier than a stranger who has a row
// (admission by estimated frequency, as TinyLFU: Einziger, Friedman, Manes 2017). So a million
// spoofed sources cannot keep their victim from being seen, whoever came first. Nothing of this is
// touched before there is no room. Owned by a window.
#ifndef VEDETTE_DATAPLANE_TRACK_ENDPOINT_TABLE_H_
#define VEDETTE_DATAPLANE_TRACK_ENDPOINT_TABLE_H_

#include <algorithm>
#include <cstdint>
#include <span>

#include "dataplane/sketch/count_min.h"
#include "dataplane/sketch/fixed_rows.h"
#include "dataplane/sketch/theta_sketch.h"
#include "dataplane/track/endpoint_row.h"

namespace vedette {

class EndpointTable {
 public:
  // A home device has a row in each shard that one of its peers falls into: of thousands of devices
  // nearly all, so rows are made for thousands. Strangers come by the million and need few.
  static constexpr size_t kRows = 4'096, kStrangerRows = 1'024;
  static constexpr size_t kLargeSets = 128;  // of one second's peers, more than eight of them
  explicit EndpointTable(size_t rows = kRows)
      : rows_(rows),
        stranger_rows_max_(std::min(rows, kStrangerRows)),
        thetas_(2 * rows, kLargeSets) {}

  void Prefetch(KeyHash hash) const noexcept {
    rows_.Prefetch(hash);
    if (!HasRoomForStranger()) strangers_.Prefetch(hash);
  }
  void PrefetchRow(KeyHash hash) const noexcept { rows_.PrefetchRow(hash); }
  // Never null. A stranger's row may be given away by the call after the next.
  EndpointRow* Obtain(const EndpointKey& key, KeyHash hash, bool home) noexcept;

  // Exported sets; `theta_hash` is ThetaHashOf(address).
  void AddPeer(EndpointRow& row, uint64_t theta_hash, bool outside) noexcept {
    thetas_.Update(outside ? row.destinations : row.neighbours, theta_hash);
  }

  std::span<const EndpointRow> rows() const noexcept { return rows_.rows(); }
  // What was charged to no row, or to one that had to go: with it the sums are those of all.
  const EndpointRow& overflow() const noexcept { return overflow_; }
  bool IsOverflow(const EndpointRow& row) const noexcept { return &row == &overflow_; }
  uint64_t refused() const noexcept { return refused_; }  // packets and flow ends, not endpoints
  uint64_t evicted() const noexcept { return evicted_; }
  const ThetaPool& thetas() const noexcept { return thetas_; }
  void Clear() noexcept;

 private:
  static constexpr size_t kCandidates = 8, kStepsMax = 32;
  static constexpr size_t kNone = SIZE_MAX;
  // So many packets in one interval are nobody's flood: no row changes hands for them.
  static constexpr uint32_t kLightPackets = 8;
  // A flood of 16 k light strangers a shard and second lifts an estimate by 16 with one chance in
  // sixteen; a victim of such a flood has a thousand times that.
  static constexpr CountMinPromise kStrangers = {.error_share = 1e-3, .doubt = 1.0 / 16};

  bool HasRoomForStranger() const noexcept {
    return !rows_.full() && stranger_rows_ < stranger_rows_max_;
  }
  EndpointRow* RowForHome(KeyHash hash) noexcept;
  EndpointRow* RowForStranger(KeyHash hash) noexcept;
  EndpointRow* TakePlace(KeyHash hash) noexcept;
  EndpointRow* Earn(KeyHash hash) noexcept;
  size_t LightestStranger() noexcept;
  EndpointRow& Evict(size_t place, KeyHash hash) noexcept;
  static uint64_t WeightOf(const EndpointRow& row) noexcept {
    return row.packets_before + row.counters.packets_in + row.counters.packets_out;
  }

  FixedRows<EndpointRow> rows_;
  size_t stranger_rows_ = 0, stranger_rows_max_;
  ThetaPool thetas_;
  EndpointRow overflow_;
  CountMin strangers_{kStrangers};  // packets of those without a row
  uint32_t bar_ = kLightPackets;    // estimates up to here are not worth a look at the rows
  size_t hand_ = 0;
  size_t kept_ = kNone;  // the row of the call before
  uint64_t refused_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_ENDPOINT_TABLE_H_
