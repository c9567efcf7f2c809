// One second as a detector's cold half sees it, made by hand: for limits, where each figure must be
// exact, and for long histories, where packets would be slow. Tests only.
//   HandMadeView view;
//   view.Endpoint("10.0.0.1").counters.icmp_echo_in = 251;
//   const std::vector<Finding> findings = view.Judge(detector, second);
#ifndef VEDETTE_TESTS_DETECTORS_HAND_MADE_VIEW_H_
#define VEDETTE_TESTS_DETECTORS_HAND_MADE_VIEW_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "dataplane/track/keyed_hash.h"
#include "detectors/detector.h"
#include "tests/packet_builder.h"

namespace vedette {

inline KeyHash TestHash(uint64_t value) { return KeyedHash::Combine({7}, value); }

// The same model for everybody, or none.
class OneModel final : public DeviceModels {
 public:
  const DeviceModel* model = nullptr;
  const DeviceModel* ModelOf(const EndpointKey&, uint64_t at_us) override {
    return model != nullptr && model->IsValidAt(at_us) ? model : nullptr;
  }
};

class HandMadeView {
 public:
  bool starved = false;
  DeviceModels* models = nullptr;
  uint64_t device_window_us = 10'000'000;

  // Valid until the next call.
  EndpointInterval& Endpoint(const std::string& ip, bool home = true) {
    const EndpointKey key{.ip = Ip(ip)};
    for (EndpointInterval& known : endpoints_) {
      if (known.key == key) return known;
    }
    EndpointInterval& made = endpoints_.emplace_back();
    made.key = key;
    made.home = home;
    return made;
  }
  // Without a search, for very many; each key once.
  EndpointInterval& Append(const EndpointKey& key) {
    EndpointInterval& made = endpoints_.emplace_back();
    made.key = key;
    made.home = true;
    return made;
  }
  AttemptPair& Attempt(const std::string& source, const std::string& target) {
    AttemptPair& made = attempts_.emplace_back();
    made.source.ip = Ip(source);
    made.target = Ip(target);
    return made;
  }
  void Irregular(const std::string& sender, DecodeStatus kind, uint64_t packets,
                 const std::string& target = "10.9.9.9") {
    IrregularityCount& made = irregularities_.emplace_back();
    made.sender.ip = Ip(sender);
    made.last_target = Ip(target);
    made.kind = kind;
    made.packets = packets;
  }

  // The same second for another detector, or another second of the same traffic.
  template <typename D>
  std::vector<Finding> Judge(D& detector, uint64_t second, const typename D::Hot& hot = {}) {
    const uint64_t begin_us = second * 1'000'000;
    std::sort(endpoints_.begin(), endpoints_.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    std::sort(irregularities_.begin(), irregularities_.end(), [](const auto& a, const auto& b) {
      return std::tie(a.sender, a.kind) < std::tie(b.sender, b.kind);
    });
    for (EndpointInterval& endpoint : endpoints_) {
      if (endpoint.counters.packets_out == 0) continue;
      endpoint.first_us = begin_us + 1;
      endpoint.last_us = begin_us + 999'999;
    }
    for (IrregularityCount& count : irregularities_) {
      count.first_us = begin_us + 1;
      count.last_us = begin_us + 999'999;
    }
    IntervalView view;
    view.begin_us = begin_us;
    view.end_us = begin_us + 1'000'000;
    view.starved = starved;
    view.endpoints = endpoints_;
    view.attempts = attempts_;
    view.models = models;
    view.device_window_us = device_window_us;
    view.irregularities = irregularities_;
    std::vector<Finding> findings;
    detector.Evaluate(hot, view, findings);
    return findings;
  }

 private:
  std::vector<EndpointInterval> endpoints_;
  std::vector<AttemptPair> attempts_;
  std::vector<IrregularityCount> irregularities_;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_DETECTORS_HAND_MADE_VIEW_H_
