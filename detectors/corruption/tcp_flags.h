// corruption.tcp_flags: flag combinations no stack sends (RFC 9293, 3.10.7; nmap and its kin do):
// nothing, FIN-PSH-URG, SYN with FIN or RST. One such packet may be a bit flipped on the way; a few
// from one sender are meant. Control thread.
#ifndef VEDETTE_DETECTORS_CORRUPTION_TCP_FLAGS_H_
#define VEDETTE_DETECTORS_CORRUPTION_TCP_FLAGS_H_

#include <vector>

#include "detectors/bounded_states.h"
#include "detectors/detector.h"
#include "detectors/irregular_sender.h"

namespace vedette {

class TcpFlags {
 public:
  static constexpr absl::string_view kName = "corruption.tcp_flags";
  using Hot = NoHotState;

  struct Config {
    // Packets from one sender within ten minutes.
    uint32_t packets_max = 2;
    static Config Read(Settings& settings);
  };

  explicit TcpFlags(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  struct State {
    uint64_t start_us = 0;
    uint64_t packets = 0;
    KindCounts kinds;
    Pauses pauses;

    template <typename Io>
    void Keep(Io& io) {
      io("start_us", start_us);
      io("packets", packets);
      io("kinds", kinds);
      io("pauses", pauses);
    }
  };

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_CORRUPTION_TCP_FLAGS_H_
