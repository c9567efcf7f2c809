// dos.syn_flood: SYNs to one address that nobody completes, unanswered or refused alike (Wang,
// Zhang, Shin 2002 count SYN against FIN; handshakes completed say it a round trip sooner). A flash
// crowd completes its handshakes and stays quiet; so does one source that tries many ports: that is
// a scan. Registered in detectors/registry.h, called on the control thread.
#ifndef VEDETTE_DETECTORS_DOS_SYN_FLOOD_H_
#define VEDETTE_DETECTORS_DOS_SYN_FLOOD_H_

#include <vector>

#include "detectors/baseline.h"
#include "detectors/bounded_states.h"
#include "detectors/burst_rate.h"
#include "detectors/detector.h"

namespace vedette {

class SynFlood {
 public:
  static constexpr absl::string_view kName = "dos.syn_flood";
  using Hot = NoHotState;

  struct Config {
    // A busy server behind a lossy link leaves tens a second open; a flood that hurts, thousands.
    double unfinished_per_second_max = 80;
    // Of the handshakes begun; crowds finish nearly all, even a server at its limit a good part.
    double unfinished_share_min = 0.5;
    // Slow floods of open connections: so many left open within a minute, at most one in fifty
    // done.
    double unfinished_per_minute_max = 1'500;
    // Learning may raise the limit a second so many times: a flood that grows slowly teaches no
    // more.
    double learned_factor_max = 10;
    static Config Read(Settings& settings);
  };

  explicit SynFlood(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  static constexpr size_t kMinuteSeconds = 60;
  struct State {
    Baseline unfinished;
    BurstRate rate;
    // Decaying sums over about a minute.
    double minute_begun = 0, minute_unfinished = 0;
    uint64_t minute_us = 0;
    uint64_t start_us = 0;
    bool alarmed = false;

    template <typename Io>
    void Keep(Io& io) {
      io("unfinished", unfinished);
      io("rate", rate);
      io("minute_begun", minute_begun);
      io("minute_unfinished", minute_unfinished);
      io("minute_us", minute_us);
      io("start_us", start_us);
      io("alarmed", alarmed);
    }
  };
  struct Verdict {
    bool fast = false, steady = false;
    double rate = 0, limit = 0;
  };
  void Judge(const EndpointInterval& endpoint, const IntervalView& view,
             std::vector<Finding>& findings);
  Verdict Weigh(State& state, const EndpointCounters& counters, const IntervalView& view) const;

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DOS_SYN_FLOOD_H_
