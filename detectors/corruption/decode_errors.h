// corruption.decode_errors: a device sends packets that do not decode, more of them than chance and
// cable allow: a sequential test (Wald 1945) of "one in a hundred" against "three in ten" over all
// it sends, so that one broken packet is a counter and a run of them is an alert at once. Several
// kinds from one sender weigh more: that is a fuzzer or memory going bad. What is unusual but
// decodes - an address of the wrong sort, as in anonymised captures, a code point newer than our
// table - is a sender's way and says no more the hundredth time than the first. Checksums,
// overlapping fragments and flags have detectors of their own. Control thread.
#ifndef VEDETTE_DETECTORS_CORRUPTION_DECODE_ERRORS_H_
#define VEDETTE_DETECTORS_CORRUPTION_DECODE_ERRORS_H_

#include <vector>

#include "detectors/bounded_states.h"
#include "detectors/detector.h"
#include "detectors/irregular_sender.h"

namespace vedette {

class DecodeErrors {
 public:
  static constexpr absl::string_view kName = "corruption.decode_errors";
  using Hot = NoHotState;

  struct Config {
    // Share of odd packets of a healthy device, and of one that is worth an alert.
    double healthy_share = 0.01, broken_share = 0.3;
    // Evidence, as the natural logarithm of the odds for "broken", at which the alert is raised; a
    // packet adds 3.4 at the shares above, so seven in a row do.
    double evidence_max = 20;
    static Config Read(Settings& settings);
  };

  explicit DecodeErrors(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  struct State {
    double evidence = 0;
    uint64_t odd = 0, sent = 0, start_us = 0;
    uint64_t weighed_us = 0;  // the newest interval that was
    Pauses pauses;
    KindCounts kinds;  // since start_us

    template <typename Io>
    void Keep(Io& io) {
      io("evidence", evidence);
      io("odd", odd);
      io("sent", sent);
      io("start_us", start_us);
      io("weighed_us", weighed_us);
      io("pauses", pauses);
      io("kinds", kinds);
    }
  };
  void Judge(const IrregularSender& sender, const IntervalView& view,
             std::vector<Finding>& findings);
  void WeighSound(const IntervalView& view);
  void WeighOdd(const IrregularSender& sender, const IntervalView& view, State& state) const;
  Finding Accuse(const IrregularSender& sender, const State& state, const IntervalView& view) const;

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_CORRUPTION_DECODE_ERRORS_H_
