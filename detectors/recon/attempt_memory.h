// What sources tried over minutes, as both scan detectors need it: attempts of the view added up
// per key over a window that starts with the first one. Part of a detector's state.
#ifndef VEDETTE_DETECTORS_RECON_ATTEMPT_MEMORY_H_
#define VEDETTE_DETECTORS_RECON_ATTEMPT_MEMORY_H_

#include <algorithm>
#include <cstdint>

#include "dataplane/sketch/distinct_bitmap.h"
#include "dataplane/track/pair_tables.h"

namespace vedette {

struct AttemptMemory {
  uint64_t start_us = 0, last_us = 0;
  uint64_t tried = 0, accepted = 0, refused = 0, probes = 0;
  DistinctBitmap<512> distinct;  // ports of a target, or targets of a source
  uint8_t protocol = 0;
  uint16_t port = 0;
  bool one_service = true;
  bool alarmed = false;

  // Starts over when the window has passed.
  void Add(const AttemptPair& attempt, uint64_t now_us, uint64_t window_us) {
    if (start_us == 0 || now_us >= start_us + window_us) *this = {.start_us = now_us};
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
  }
  double failed_share() const {
    if (tried == 0) return 0;
    return static_cast<double>(tried - std::min(tried, accepted)) / static_cast<double>(tried);
  }
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_RECON_ATTEMPT_MEMORY_H_
