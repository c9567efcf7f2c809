// dos.icmp_flood: echo requests, or answers nobody asked for, at a rate no ping and no monitor has.
// Counted per target; replies are set off against the target's own requests. Control thread.
#ifndef VEDETTE_DETECTORS_DOS_ICMP_FLOOD_H_
#define VEDETTE_DETECTORS_DOS_ICMP_FLOOD_H_

#include <vector>

#include "detectors/baseline.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class IcmpFlood {
 public:
  static constexpr absl::string_view kName = "dos.icmp_flood";
  using Hot = NoHotState;

  struct Config {
    // In one second: ping -f on a LAN, a smurf.
    double packets_per_second_max = 250;
    // In each of several seconds in a row: a person pings once a second, a monitor a few times.
    double steady_per_second_max = 25;
    uint32_t steady_seconds_min = 5;
    static Config Read(Settings& settings);
  };

  explicit IcmpFlood(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);

 private:
  static constexpr size_t kStatesMax = 8'192;
  struct State {
    Baseline packets;
    uint64_t previous_us = 0;
    uint32_t steady_seconds = 0;
    uint64_t start_us = 0;  // 0: quiet
  };

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DOS_ICMP_FLOOD_H_
