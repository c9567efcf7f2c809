// exfil.beacon: a home device calls one outside destination at regular intervals, as implants do
// that wait for orders. Scored as RITA does: dispersion (median absolute deviation over median) and
// Bowley skew of the intervals, with enough calls over enough time. RITA wants twenty calls a day;
// the short intervals that implants have while they are in use are judged after fewer, the long
// ones that updaters have as well after all twenty. What many devices call is a common service;
// calls that nobody ever answered or took reach nobody; protocols that keep a connection alive by
// design, and small answered datagrams inside one flow, are no calls. Bounded: the last calls of a
// pair, the pairs least recently active go first. Control thread.
#ifndef VEDETTE_DETECTORS_EXFIL_BEACON_H_
#define VEDETTE_DETECTORS_EXFIL_BEACON_H_

#include <array>
#include <tuple>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class Beacon {
 public:
  static constexpr absl::string_view kName = "exfil.beacon";
  using Hot = NoHotState;

  struct Config {
    uint32_t calls_min = 5;
    // Of bursts inside one connection: messengers and brokers look after theirs as well.
    uint32_t calls_in_connection_min = 10;
    // The interval up to which calls_min calls are enough; the longer, the more, up to twenty.
    double interval_few_seconds_max = 60;
    // Of few calls, and from twenty on: chance makes few intervals look alike.
    double dispersion_few_max = 0.06;
    double dispersion_many_max = 0.2;
    double skew_max = 0.35;
    // Interactive traffic and media have shorter intervals, and shorter lives.
    double interval_seconds_min = 2;
    double span_seconds_min = 20;
    // Home devices that call the destination; more of them make it a common service.
    uint32_t devices_max = 2;
    static Config Read(Settings& settings);
  };

  explicit Beacon(const Config& config)
      : config_(config), pairs_(kPairsMax), destinations_(kPairsMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // Calls were missed: the interval over the gap is none.
  void OnAway();
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("pairs", pairs_);
    io("destinations", destinations_);
  }

 private:
  static constexpr size_t kPairsMax = 16'384;
  static constexpr size_t kCallsKept = 32;
  // device, vlan, destination, port, protocol
  using Pair = std::tuple<IpAddress, uint16_t, IpAddress, uint16_t, uint8_t>;
  struct State {
    std::array<uint64_t, kCallsKept> starts_us;
    uint64_t calls = 0;
    uint64_t first_us = 0;
    uint64_t resumed = 0;  // calls inside a connection
    uint64_t reached = 0;  // somebody took the call, as far as can be seen
    uint64_t answered = 0, ended = 0, bytes_out = 0, bytes_in = 0;
    uint64_t untold_bytes_out = 0;  // since the last finding
    uint64_t away_at = 0;           // calls made when the sensor was last away; 0: never
    bool alarmed = false;

    template <typename Io>
    void Keep(Io& io) {
      io("starts_us", starts_us);
      io("calls", calls);
      io("first_us", first_us);
      io("resumed", resumed);
      io("reached", reached);
      io("answered", answered);
      io("ended", ended);
      io("bytes_out", bytes_out);
      io("bytes_in", bytes_in);
      io("untold_bytes_out", untold_bytes_out);
      io("away_at", away_at);
      io("alarmed", alarmed);
    }
  };
  struct Callers {
    absl::InlinedVector<IpAddress, 3> devices;  // at most devices_max + 1

    template <typename Io>
    void Keep(Io& io) {
      io("devices", devices);
    }
  };
  struct Rhythm {
    double median_s = 0, dispersion = 0, skew = 0;
  };
  // Notes in `called` who has called often enough to be judged.
  void Hear(const Contact& contact, uint64_t now_us, std::vector<Pair>& called);
  void HearEnd(const Contact& contact, State& state) const;
  void HearCaller(const Contact& contact, uint64_t now_us);
  static Rhythm RhythmOf(const State& state);
  double CallsNeeded(const State& state, double interval_s) const;
  double DispersionMax(const State& state) const;
  // `leniency` above 1 widens the limits of the rhythm.
  bool IsBeacon(const State& state, const Rhythm& rhythm, uint8_t protocol, double leniency) const;
  Finding Describe(const Pair& pair, const State& state, const Rhythm& rhythm,
                   const IntervalView& view) const;

  Config config_;
  BoundedStates<Pair, State> pairs_;
  BoundedStates<IpAddress, Callers> destinations_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_EXFIL_BEACON_H_
