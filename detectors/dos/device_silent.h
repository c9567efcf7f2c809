// dos.device_silent: a home device that talked regularly has stopped, while the network around it
// goes on. Phi-accrual (Hayashibara et al. 2004) over the device's own gaps, for devices steady
// enough to be missed: they spoke in nearly every stretch of their usual length, at an even rate,
// did not take leave (DHCP release; FIN or RST where those are not their daily business) and do not
// come and go. Time counts only in intervals in which others talk, so that a gap of the capture
// accuses nobody. A model that knows longer or shorter silences of the device moves what is
// tolerated. The hot half sees DHCP releases; the rest on the control thread.
#ifndef VEDETTE_DETECTORS_DOS_DEVICE_SILENT_H_
#define VEDETTE_DETECTORS_DOS_DEVICE_SILENT_H_

#include <array>
#include <optional>
#include <vector>

#include "dataplane/track/tracked_packet.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class DeviceSilent {
 public:
  static constexpr absl::string_view kName = "dos.device_silent";

  // Who gave its address back in this interval. Full, further ones are taken for gone without a
  // word.
  struct Hot {
    static constexpr size_t kLeavers = 64;
    std::array<EndpointKey, kLeavers> leavers;
    size_t used = 0;

    void Add(const EndpointKey& leaver) noexcept {
      if (used < kLeavers) leavers[used++] = leaver;
    }
    void Merge(const Hot& other) noexcept {
      for (size_t i = 0; i < other.used; ++i) Add(other.leavers[i]);
    }
    void Clear() noexcept { used = 0; }
  };
  static void OnPacket(Hot& hot, const TrackedPacket& tracked) noexcept;

  struct Config {
    // Seconds in which the device spoke before its silence means anything.
    uint32_t active_seconds_min = 15;
    // -log10 of the chance that so long a gap is one of its own (8: one in 100 million).
    double phi_min = 8;
    // Variation of packets per active second, deviation over mean: machines that report keep it
    // low, people and downloads do not.
    double variation_max = 0.35;
    // Silence shorter than this is not worth anybody's time.
    double silence_seconds_min = 5;
    static Config Read(Settings& settings);
  };

  explicit DeviceSilent(const Config& config);
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // Who left meanwhile did so unseen, and a gap of ours is none of the device's.
  void OnAway();
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
    io("newcomers", newcomers_);
  }

 private:
  static constexpr size_t kStatesMax = 16'384;
  static constexpr uint32_t kReturnsMax = 2;  // of a device whose silence is an event
  struct State {
    uint64_t first_us = 0, last_us = 0;  // packets it sent
    uint32_t active_seconds = 0;
    double gap_mean_s = 0, gap_square_s2 = 0;  // of the starts of active seconds
    double gap_max_s = 0;
    uint32_t gaps = 0;
    double rate_mean = 0, rate_square = 0;  // packets per active second, the first one left out
    double closing_share = 0;               // of active seconds with a FIN or RST
    bool took_leave = false;
    bool accused = false;          // of this silence
    bool unheard = false;          // since the sensor was away: its silence means nothing yet
    uint32_t returns = 0;          // from a silence it was accused of
    uint32_t quiet_intervals = 0;  // in which others talked
    uint64_t packets_in = 0;       // during the silence

    template <typename Io>
    void Keep(Io& io) {
      io("first_us", first_us);
      io("last_us", last_us);
      io("active_seconds", active_seconds);
      io("gap_mean_s", gap_mean_s);
      io("gap_square_s2", gap_square_s2);
      io("gap_max_s", gap_max_s);
      io("gaps", gaps);
      io("rate_mean", rate_mean);
      io("rate_square", rate_square);
      io("closing_share", closing_share);
      io("took_leave", took_leave);
      io("accused", accused);
      io("unheard", unheard);
      io("returns", returns);
      io("quiet_intervals", quiet_intervals);
      io("packets_in", packets_in);
    }
  };
  void Hear(const EndpointInterval& endpoint, const IntervalView& view);
  static void Learn(State& state, const EndpointInterval& endpoint, const IntervalView& view);
  // False: it can be forgotten.
  bool Miss(const EndpointKey& key, State& state, const IntervalView& view,
            std::vector<Finding>& findings) const;
  Finding Accuse(const EndpointKey& key, const State& state, double phi, double silence_s,
                 const IntervalView& view) const;
  // Seconds of silence that are its own, by the model; none: the model says nothing else than what
  // it did here.
  std::optional<double> ToleratedByModel(const State& state, const DeviceModel& model,
                                         uint64_t window_us) const;
  bool IsRegular(const State& state) const;
  static double GapDeviation(const State& state);
  double Phi(const State& state, double silence_s) const;

  Config config_;
  double deviations_min_;  // of a silence beyond the longest gap, to come to phi_min
  BoundedStates<EndpointKey, State> states_;
  // Heard in one second so far: forged addresses get no further, and push no device out.
  BoundedStates<EndpointKey, uint64_t> newcomers_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DOS_DEVICE_SILENT_H_
