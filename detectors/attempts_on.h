// Who tried what on one target, and on how many one source: the two ways to read the interval's
// attempts. Pure; borrowed from the view.
#ifndef VEDETTE_DETECTORS_ATTEMPTS_ON_H_
#define VEDETTE_DETECTORS_ATTEMPTS_ON_H_

#include <vector>

#include "detectors/finding.h"
#include "detectors/interval_view.h"

namespace vedette {

// By weight, heaviest first.
std::vector<const AttemptPair*> AttemptsOn(const IntervalView& view, const IpAddress& target);
std::vector<FindingPeer> SourcesOf(const std::vector<const AttemptPair*>& attempts);

// Most flows towards the target come from sources that try a new port nearly each time.
bool LooksLikeScan(const std::vector<const AttemptPair*>& attempts, uint64_t flows);

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_ATTEMPTS_ON_H_
