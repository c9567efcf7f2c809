// Sixteen shards' windows become one picture: rows of one key added up, logs put in order. Sums,
// extremes and set unions over sorted keys only, so that neither shards nor workers can matter.
// Control thread; what Merge returns is borrowed until the next call.
#ifndef VEDETTE_SENSOR_MERGE_INTERVAL_MERGE_H_
#define VEDETTE_SENSOR_MERGE_INTERVAL_MERGE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "dataplane/worker/shard_window.h"
#include "detectors/interval_view.h"
#include "sensor/policy/evidence_key.h"

namespace vedette {

// A row of one shard with the pool its theta sketches lie in.
struct ShardRow {
  const EndpointRow* row = nullptr;
  const ThetaPool* thetas = nullptr;
};

// What some table was too small for: nothing is lost without being counted.
struct MergeLosses {
  uint64_t endpoints = 0, attempts = 0, contacts = 0, dns = 0, names = 0, matches = 0;
  uint64_t irregularities = 0;
};

class IntervalMerger {
 public:
  // `patterns` are the labels of all patterns, by index.
  // With a key the digests of matches become HMACs.
  IntervalMerger(const HomeNetworks& home, std::vector<PatternLabel> patterns, EvidenceKey key = {})
      : home_(home), patterns_(std::move(patterns)), key_(std::move(key)) {}

  // `lost`: packets that were there and did not reach us.
  const IntervalView& Merge(uint64_t second, absl::Span<const ShardWindow* const> windows,
                            uint64_t lost = 0);
  void SetPatterns(std::vector<PatternLabel> patterns) { patterns_ = std::move(patterns); }

  // Of the last Merge: every row, by key.
  absl::Span<const ShardRow> rows() const { return rows_; }
  const MergeLosses& losses() const { return losses_; }  // since the start
  uint64_t flows_active() const { return flows_active_; }

 private:
  // A key of the interval: its number in the order of arrival, and how many rows it has.
  struct KeyRows {
    EndpointKey key;
    uint32_t number = 0, rows = 0;
  };
  void MergeEndpoints(absl::Span<const ShardWindow* const> windows);
  void GroupRows(absl::Span<const ShardWindow* const> windows);
  void MergePairs(absl::Span<const ShardWindow* const> windows);
  void MergeLogs(absl::Span<const ShardWindow* const> windows);

  void SealMatches();

  const HomeNetworks& home_;
  std::vector<PatternLabel> patterns_;
  EvidenceKey key_;
  IntervalView view_;
  bool started_ = false;
  std::vector<KeyRows> keys_;
  std::vector<uint32_t> key_of_row_;  // by number
  std::vector<ShardRow> rows_;
  std::vector<EndpointInterval> endpoints_;
  std::vector<EgressPair> egress_;
  std::vector<AttemptPair> attempts_;
  std::vector<IrregularityCount> irregularities_;
  std::vector<Contact> contacts_;
  std::vector<DnsMessage> dns_;
  std::vector<NameSighting> names_;
  std::vector<ContentMatch> matches_;
  MergeLosses losses_;
  uint64_t flows_active_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MERGE_INTERVAL_MERGE_H_
