#include "sensor/report/traffic_series.h"

#include <algorithm>

namespace vedette {

void TrafficSeries::Add(uint64_t second, uint64_t packets, uint64_t bytes, uint64_t egress_bytes) {
  if (buckets_.empty()) begin_s_ = second;
  const uint64_t offset_s = second - std::min(begin_s_, second);
  while (offset_s / width_s_ >= kBucketsMax) Fold();
  const auto index = static_cast<size_t>(offset_s / width_s_);
  if (buckets_.size() <= index) buckets_.resize(index + 1);
  TrafficBucket& bucket = buckets_[index];
  bucket.packets += packets;
  bucket.bytes += bytes;
  bucket.egress_bytes += egress_bytes;
  bucket.packets_peak = std::max(bucket.packets_peak, packets);
  bucket.bytes_peak = std::max(bucket.bytes_peak, bytes);
}

void TrafficSeries::Fold() {
  for (size_t i = 0; i < buckets_.size(); i += 2) {
    TrafficBucket sum = buckets_[i];
    if (i + 1 < buckets_.size()) {
      const TrafficBucket& next = buckets_[i + 1];
      sum.packets += next.packets;
      sum.bytes += next.bytes;
      sum.egress_bytes += next.egress_bytes;
      sum.packets_peak = std::max(sum.packets_peak, next.packets_peak);
      sum.bytes_peak = std::max(sum.bytes_peak, next.bytes_peak);
    }
    buckets_[i / 2] = sum;
  }
  buckets_.resize((buckets_.size() + 1) / 2);
  width_s_ *= 2;
}

}  // namespace vedette
