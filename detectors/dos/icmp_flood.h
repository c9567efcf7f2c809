// dos.icmp_flood: echo requests, or answers and errors nobody caused, at a rate no ping and no
// monitor has. Counted per target; replies are set off against the target's own requests, errors
// against all it sent. Of a target that is never seen sending, as in a capture of one direction,
// only a high rate of them counts. Control thread.
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
    // Learning may raise the limit of one second so many times: a flood that grows slowly teaches
    // no more.
    double learned_factor_max = 10;
    static Config Read(Settings& settings);
  };

  explicit IcmpFlood(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  struct State {
    Baseline packets;
    uint64_t previous_us = 0;
    uint32_t steady_seconds = 0;
    uint64_t start_us = 0;  // 0: quiet

    template <typename Io>
    void Keep(Io& io) {
      io("packets", packets);
      io("previous_us", previous_us);
      io("steady_seconds", steady_seconds);
      io("start_us", start_us);
    }
  };
  struct Verdict {
    bool fast = false, steady = false;
    double rate = 0, limit = 0;
  };
  void Judge(const EndpointInterval& endpoint, const IntervalView& view,
             std::vector<Finding>& findings);
  Verdict Weigh(State& state, double asked, double unasked, bool answers_tell,
                uint64_t begin_us) const;

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DOS_ICMP_FLOOD_H_
