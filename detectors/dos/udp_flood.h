// dos.udp_flood: UDP packets to one address that never answers them, far more than is usual for it.
// Calls, games and resolvers answer; a collector of logs or telemetry does not, but hears few
// senders at a steady rate, for which the limit is higher and learned. Control thread.
#ifndef VEDETTE_DETECTORS_DOS_UDP_FLOOD_H_
#define VEDETTE_DETECTORS_DOS_UDP_FLOOD_H_

#include <vector>

#include "detectors/baseline.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class UdpFlood {
 public:
  static constexpr absl::string_view kName = "dos.udp_flood";
  using Hot = NoHotState;

  struct Config {
    // A one-directional capture of video calls or telemetry shows some hundreds a second.
    double unasked_per_second_max = 2'000;
    // Of all UDP the target received.
    double unasked_share_min = 0.8;
    // Fewer senders than this look like a stream, and a stream may be three times as fast.
    double sources_few = 5;
    double stream_factor = 3;
    // A group address hears discovery from all and pictures from a few; so many senders at a rate
    // above the limit are a storm.
    double group_sources_min = 50;
    // Learning may raise the limit so many times: a flood that grows slowly teaches no more.
    double learned_factor_max = 10;
    static Config Read(Settings& settings);
  };

  explicit UdpFlood(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  static constexpr double kSourcesKept = 0.99;  // from second to second
  struct State {
    Baseline unasked;
    double sources = 0;
    uint64_t start_us = 0;  // 0: quiet

    template <typename Io>
    void Keep(Io& io) {
      io("unasked", unasked);
      io("sources", sources);
      io("start_us", start_us);
    }
  };
  void Judge(const EndpointInterval& endpoint, const IntervalView& view,
             std::vector<Finding>& findings);

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DOS_UDP_FLOOD_H_
