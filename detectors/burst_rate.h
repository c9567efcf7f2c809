// The rate of a burst from counts of whole seconds. A burst of one second lies across two intervals
// as often as not and would be halved; so it is taken for one that lasted a second and a half. For
// figures that are near zero in ordinary traffic: a steady stream shows a third above its rate.
// Pure; part of a detector's state.
#ifndef VEDETTE_DETECTORS_BURST_RATE_H_
#define VEDETTE_DETECTORS_BURST_RATE_H_

#include <algorithm>
#include <cstdint>

namespace vedette {

class BurstRate {
 public:
  // Of this interval with the one before, if that was the second before.
  double Of(uint64_t begin_us, double count) {
    const bool adjacent = previous_us_ + 1'000'000 == begin_us;
    const double rate = std::max(count, adjacent ? (previous_ + count) / 1.5 : 0);
    previous_us_ = begin_us;
    previous_ = count;
    return rate;
  }

  template <typename Io>
  void Keep(Io& io) {
    io("previous_us", previous_us_);
    io("previous", previous_);
  }

 private:
  uint64_t previous_us_ = 0;
  double previous_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_BURST_RATE_H_
