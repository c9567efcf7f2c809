// What sources tried over minutes, as both scan detectors need it: attempts of the view added up
// per key over a window that starts with the first one. Part of a detector's state.
#ifndef VEDETTE_DETECTORS_RECON_ATTEMPT_MEMORY_H_
#define VEDETTE_DETECTORS_RECON_ATTEMPT_MEMORY_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "dataplane/sketch/distinct_bitmap.h"
#include "dataplane/track/pair_tables.h"
#include "detectors/bounded_states.h"

namespace vedette {

struct AttemptMemory {
  uint64_t start_us = 0, last_us = 0;
  uint64_t tried = 0, accepted = 0, refused = 0, probes = 0;
  DistinctBitmap<512> distinct;  // ports of a target, or targets of a source
  uint8_t protocol = 0;
  uint16_t port = 0;
  bool one_service = true;

  // Starts over when the window has passed; true if it did.
  bool Add(const AttemptPair& attempt, uint64_t now_us, uint64_t window_us) {
    const bool over = start_us == 0 || now_us >= start_us + window_us;
    if (over) *this = {.start_us = now_us};
    if (tried != 0 && (protocol != attempt.protocol || port != attempt.last_port)) {
      one_service = false;
    }
    protocol = attempt.protocol;
    port = attempt.last_port;
    last_us = std::max(last_us, attempt.last_us);
    tried += attempt.flows + attempt.probes;
    accepted += attempt.accepted;
    refused += attempt.refused;
    probes += attempt.probes;
    return over;
  }
  // Whole: the estimate of so few is right to a fraction.
  double Distinct() const { return std::round(distinct.Estimate()); }
  double failed_share() const {
    if (tried == 0) return 0;
    return static_cast<double>(tried - std::min(tried, accepted)) / static_cast<double>(tried);
  }

  template <typename Io>
  void Keep(Io& io) {
    io("start_us", start_us);
    io("last_us", last_us);
    io("tried", tried);
    io("accepted", accepted);
    io("refused", refused);
    io("probes", probes);
    io("distinct", distinct);
    io("protocol", protocol);
    io("port", port);
    io("one_service", one_service);
  }
};

// Sources, or pairs, in two halves: who came once waits apart, so that spoofed sources, which come
// once, cannot wash out who tries one thing a minute.
template <typename Key, typename State>
class ScanMemory {
 public:
  explicit ScanMemory(size_t max) : known_(max), newcomers_(max / 2) {}

  bool Knows(const Key& key) {
    return known_.Find(key) != nullptr || newcomers_.Find(key) != nullptr;
  }
  State& Touch(const Key& key, uint64_t now_us) {
    if (known_.Find(key) != nullptr) return known_.Touch(key, now_us);
    if (State* const before = newcomers_.Find(key)) {
      const State state = *before;
      newcomers_.Forget(key);
      return known_.Touch(key, now_us) = state;
    }
    return newcomers_.Touch(key, now_us);
  }

  template <typename Io>
  void Keep(Io& io) {
    io("known", known_);
    io("newcomers", newcomers_);
  }

 private:
  BoundedStates<Key, State> known_, newcomers_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_RECON_ATTEMPT_MEMORY_H_
