// What is usual for one subject: exponentially weighted mean and mean absolute deviation of a
// figure per interval (Roberts 1959; the deviation as in RFC 6298). A limit from it never falls
// below the configured floor, and never rises above a multiple of it: an attacker who raises his
// rate a little every second teaches it no more than that. Pure; part of a detector's state.
#ifndef VEDETTE_DETECTORS_BASELINE_H_
#define VEDETTE_DETECTORS_BASELINE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace vedette {

class Baseline {
 public:
  // `weight` of the newest figure; 1/16 remembers about half a minute of seconds.
  void Learn(double figure, double weight = 1.0 / 16) {
    if (samples_++ == 0) {
      mean_ = figure;
      deviation_ = figure / 2;
      return;
    }
    deviation_ += weight * (std::fabs(figure - mean_) - deviation_);
    mean_ += weight * (figure - mean_);
  }
  // Deviations above the mean that still are usual; 5 mean absolute ones are 4 standard ones.
  double Limit(double floor, double deviations = 5,
               double ceiling = std::numeric_limits<double>::infinity()) const {
    return std::clamp(mean_ + deviations * deviation_, floor, std::max(floor, ceiling));
  }
  // Of a flood: the floor until there is some past, as the first second may be the attack's own.
  double LimitWithin(double floor, double factor_max) const {
    constexpr uint32_t kSamplesMin = 8;
    return samples_ < kSamplesMin ? floor : Limit(floor, 5, factor_max * floor);
  }
  double mean() const { return mean_; }
  uint32_t samples() const { return samples_; }

  template <typename Io>
  void Keep(Io& io) {
    io("mean", mean_);
    io("deviation", deviation_);
    io("samples", samples_);
  }

 private:
  double mean_ = 0, deviation_ = 0;
  uint32_t samples_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_BASELINE_H_
