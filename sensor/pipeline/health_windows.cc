#include "sensor/pipeline/health_windows.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <string>

namespace vedette {
namespace {

int64_t Signed(uint64_t count) { return static_cast<int64_t>(count); }
double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

CountMap DroppedOf(const SourceLosses& lost) {
  return {{"nic_missed", Signed(lost.nic_missed)}, {"no_mbuf", Signed(lost.no_mbuf)},
          {"nic_errors", Signed(lost.nic_errors)}, {"kernel", Signed(lost.kernel)},
          {"ring_full", Signed(lost.ring_full)},   {"other", Signed(lost.other)}};
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

CountMap CountsOf(const PolicyTotals& totals) {
  return {{"adjusted", Signed(totals.adjusted)},       {"allowed", Signed(totals.allowed)},
          {"below_limit", Signed(totals.below_limit)}, {"entries", Signed(totals.entries)},
          {"expired", Signed(totals.expired)},         {"suppressed", Signed(totals.suppressed)}};
}

}  // namespace

void HealthWindows::Observe(const IntervalView& view, absl::Span<const ShardWindow* const> windows,
                            const SourceLosses& lost, const HealthGauges& gauges,
                            std::vector<HealthEvent>& out) {
  const uint64_t begin_us = view.begin_us - view.begin_us % kWindowUs;
  if (open_ && begin_us != begin_us_) Finish(out);
  open_ = true;
  begin_us_ = begin_us;
  gauges_ = gauges;
  totals_.Merge(view.totals);
  lost_ += lost;
  for (size_t i = 0; i < windows.size() && i < kShards; ++i) {
    shard_packets_[i] += windows[i]->counters.packets;
  }
}

// A worker has a queue and every so-manieth shard.
double HealthWindows::QueueSkew() const {
  std::array<uint64_t, kShards> packets{};
  for (size_t shard = 0; shard < kShards; ++shard) {
    packets[shard % told_.queues] += shard_packets_[shard];
  }
  return Share(*std::max_element(packets.begin(), packets.end()) * told_.queues, totals_.packets);
}

void HealthWindows::Finish(std::vector<HealthEvent>& out) {
  if (!open_) return;
  HealthEvent& event = out.emplace_back();
  event.sensor = identity_.sensor;
  event.site = identity_.site;
  event.window_start_ms = Signed(begin_us_ / 1'000);
  event.window_ms = Signed(kWindowUs / 1'000);
  event.version = VEDETTE_VERSION;
  event.generation = gauges_.generation;
  event.source = told_.source;
  event.packets_processed = Signed(totals_.packets);
  event.packets_received = Signed(totals_.packets + lost_.total());
  event.bytes_received = Signed(totals_.bytes);
  event.dropped = DroppedOf(lost_);
  for (size_t i = 0; i < kDecodeStatusCount; ++i) {
    const auto& status = kDecodeStatuses[i];
    const std::string name(status.wire_name);
    if (totals_.decoded[i] != 0) event.decoded[name] = Signed(totals_.decoded[i]);
    if (totals_.irregularities[i] != 0) {
      event.irregularities[name] = Signed(totals_.irregularities[i]);
    }
  }
  event.duplicates = Signed(totals_.duplicates);
  event.home_share = Share(totals_.home_packets, totals_.packets);
  event.one_way_share = Share(totals_.flows_ended_one_way, totals_.flows_ended);
  event.queue_skew = QueueSkew();
  event.flows = Signed(gauges_.flows);
  event.flows_max = Signed(flows_max_);
  event.flows_evicted = Signed(totals_.flows_evicted);
  event.devices = Signed(gauges_.devices);
  event.devices_max = Signed(gauges_.devices_max);
  event.devices_evicted = Signed(gauges_.devices_evicted - devices_evicted_before_);
  event.memory_bytes = Signed(ResidentBytes());
  event.alerts_open = Signed(gauges_.alerts_open);
  event.clock_source = told_.clock;
  event.clock_offset_us = gauges_.clock_offset_us;
  event.models = Signed(gauges_.models);
  event.models_refused = gauges_.models_refused;
  event.model_set = gauges_.model_set;
  event.policy = CountsOf(gauges_.policy);
  Seal(event, told_.boot_ms);
  devices_evicted_before_ = gauges_.devices_evicted;
  totals_ = {};
  lost_ = {};
  shard_packets_ = {};
  open_ = false;
}

}  // namespace vedette
