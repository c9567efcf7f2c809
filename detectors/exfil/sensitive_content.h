// exfil.sensitive_content: verified patterns (card numbers, keys, ...) in clear text that leaves
// home, told as soon as enough distinct ones went to one destination. The matched bytes stay where
// they were: evidence names the pattern, how many, where in the stream. Control thread.
#ifndef VEDETTE_DETECTORS_EXFIL_SENSITIVE_CONTENT_H_
#define VEDETTE_DETECTORS_EXFIL_SENSITIVE_CONTENT_H_

#include <string>
#include <tuple>
#include <vector>

#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class SensitiveContent {
 public:
  static constexpr absl::string_view kName = "exfil.sensitive_content";
  using Hot = NoHotState;

  struct Config {
    // Each pattern has a minimum of its own; all are multiplied by this.
    double minimum_factor = 1;
    static Config Read(Settings& settings);
  };

  explicit SensitiveContent(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    // The digests are of card numbers and keys: they do not outlive the process.
    if constexpr (Io::kWithinProcess) io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  static constexpr size_t kDigestsKept = 64;
  // device, destination, name of the pattern: its index changes with the patterns.
  using Subject = std::tuple<EndpointKey, IpAddress, std::string>;
  struct State {
    uint64_t start_us = 0;
    uint64_t matches = 0;
    std::vector<uint64_t> digests;  // distinct, at most kDigestsKept
    uint64_t last_offset_bytes = 0;
    uint16_t port = 0;
    FlowKey flow;
  };
  void Report(const Subject& subject, const State& state, const ContentMatch& match,
              const IntervalView& view, std::vector<Finding>& findings) const;

  Config config_;
  BoundedStates<Subject, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_EXFIL_SENSITIVE_CONTENT_H_
