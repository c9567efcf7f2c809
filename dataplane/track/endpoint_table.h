// The endpoints one shard saw in one interval. Home endpoints outrank strangers: when the table is
// full a new home endpoint takes the place of a light stranger, a new stranger is charged to the
// overflow row, which is nobody in particular, and counted in refused(). Owned by a window.
#ifndef VEDETTE_DATAPLANE_TRACK_ENDPOINT_TABLE_H_
#define VEDETTE_DATAPLANE_TRACK_ENDPOINT_TABLE_H_

#include <cstdint>
#include <span>

#include "dataplane/sketch/theta_sketch.h"
#include "dataplane/track/endpoint_row.h"
#include "dataplane/track/fixed_rows.h"

namespace vedette {

class EndpointTable {
 public:
  static constexpr size_t kRows = 1'024, kThetas = 256;
  explicit EndpointTable(size_t rows = kRows, size_t thetas = kThetas)
      : rows_(rows), thetas_(thetas) {}

  void Prefetch(KeyHash hash) const noexcept { rows_.Prefetch(hash); }
  void PrefetchRow(KeyHash hash) const noexcept { rows_.PrefetchRow(hash); }
  // Never null. A stranger's row may be given away by the next call.
  EndpointRow* Obtain(const EndpointKey& key, KeyHash hash, bool home) noexcept;

  // Exported sets; `theta_hash` is ThetaHashOf(address).
  void AddPeer(EndpointRow& row, uint64_t theta_hash) noexcept {
    thetas_.Update(row.peers, theta_hash);
  }
  void AddDestination(EndpointRow& row, uint64_t theta_hash) noexcept {
    thetas_.Update(row.destinations, theta_hash);
  }

  std::span<const EndpointRow> rows() const noexcept { return rows_.rows(); }
  const EndpointRow& overflow() const noexcept { return overflow_; }
  uint64_t refused() const noexcept { return refused_; }  // packets and flow ends, not endpoints
  uint64_t evicted() const noexcept { return evicted_; }
  const ThetaPool& thetas() const noexcept { return thetas_; }
  void Clear() noexcept;

 private:
  static constexpr size_t kCandidates = 8, kStepsMax = 32;
  EndpointRow* TakePlace(KeyHash hash) noexcept;

  FixedRows<EndpointRow> rows_;
  ThetaPool thetas_;
  EndpointRow overflow_;
  size_t hand_ = 0;
  uint64_t refused_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_ENDPOINT_TABLE_H_
