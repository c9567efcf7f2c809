// A limit that a model asks for, held within what the sensor knows by itself. Models come over the
// network: a wrong or a poisoned one may make a detector ten times as deaf at most, and never more
// easily alarmed than its floor. And the hours by which models know the week. Pure.
#ifndef VEDETTE_DETECTORS_MODEL_LIMIT_H_
#define VEDETTE_DETECTORS_MODEL_LIMIT_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "detectors/device_model.h"

namespace vedette {

// Between the floor and ten times the local baseline, which is what is usual for the device as the
// sensor itself has seen it; a baseline that is not there yet, or lies below the floor, counts as
// the floor. What is no number asks for nothing.
inline double LimitByModel(double wanted, double floor, double local_baseline) {
  constexpr double kRaiseMax = 10;
  const double usual = std::isfinite(local_baseline) ? std::max(floor, local_baseline) : floor;
  return wanted > floor ? std::min(wanted, kRaiseMax * usual) : floor;
}

inline constexpr uint64_t kHourUs = 3'600'000'000;

// 1970 began on a Thursday.
inline size_t HourOfWeek(uint64_t time_us) {
  constexpr uint64_t kThursday = 3 * 24;
  return (time_us / kHourUs + kThursday) % kHoursOfWeek;
}

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_MODEL_LIMIT_H_
