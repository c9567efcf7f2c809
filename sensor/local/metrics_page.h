// The sensor's health as Prometheus reads it: at most kSeriesMax series whatever the traffic, as no
// label holds what came from a packet. Counters count from the start of the process. Pure, but for
// what the process itself uses.
#ifndef VEDETTE_SENSOR_LOCAL_METRICS_PAGE_H_
#define VEDETTE_SENSOR_LOCAL_METRICS_PAGE_H_

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "sensor/local/snapshot.h"

namespace vedette {

inline constexpr size_t kSeriesMax = 500;
inline constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

// Of the local interface itself.
struct RequestCounts {
  uint64_t answered = 0, refused = 0, timed_out = 0, turned_away = 0;
};

// `snapshot` may be null: nothing was told yet.
std::vector<prometheus::MetricFamily> MetricsOf(const Snapshot* snapshot,
                                                const RequestCounts& requests, absl::Time now);

// Lines of samples of the page.
size_t SeriesOf(const std::vector<prometheus::MetricFamily>& families);

std::string MetricsText(const std::vector<prometheus::MetricFamily>& families);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_METRICS_PAGE_H_
