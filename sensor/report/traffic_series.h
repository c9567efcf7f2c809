// Traffic over time in a fixed number of buckets: when the capture outgrows them, neighbours are
// added up and every bucket is twice as wide. A capture may last an hour or fifty years. Control
// thread.
#ifndef VEDETTE_SENSOR_REPORT_TRAFFIC_SERIES_H_
#define VEDETTE_SENSOR_REPORT_TRAFFIC_SERIES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vedette {

struct TrafficBucket {
  uint64_t packets = 0, bytes = 0;
  uint64_t egress_bytes = 0;                  // over the home border, outwards
  uint64_t packets_peak = 0, bytes_peak = 0;  // of its busiest second
};

class TrafficSeries {
 public:
  static constexpr size_t kBucketsMax = 512;

  // Seconds never run backwards.
  void Add(uint64_t second, uint64_t packets, uint64_t bytes, uint64_t egress_bytes);

  uint64_t begin_s() const { return begin_s_; }
  uint64_t width_s() const { return width_s_; }
  const std::vector<TrafficBucket>& buckets() const { return buckets_; }  // none behind the last

 private:
  void Fold();

  uint64_t begin_s_ = 0;
  uint64_t width_s_ = 1;
  std::vector<TrafficBucket> buckets_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_TRAFFIC_SERIES_H_
