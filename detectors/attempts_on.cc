#include "detectors/attempts_on.h"

#include <algorithm>

#include "detectors/finding_text.h"

namespace vedette {

std::vector<const AttemptPair*> AttemptsOn(const IntervalView& view, const IpAddress& target) {
  std::vector<const AttemptPair*> attempts;
  for (const AttemptPair& attempt : view.attempts) {
    if (attempt.target == target) attempts.push_back(&attempt);
  }
  std::stable_sort(attempts.begin(), attempts.end(),
                   [](const AttemptPair* a, const AttemptPair* b) {
                     return a->flows + a->probes > b->flows + b->probes;
                   });
  return attempts;
}

std::vector<FindingPeer> SourcesOf(const std::vector<const AttemptPair*>& attempts) {
  std::vector<FindingPeer> peers;
  for (const AttemptPair* attempt : attempts) {
    peers.push_back({attempt->source, static_cast<double>(attempt->flows + attempt->probes)});
  }
  KeepHeaviest(peers);
  return peers;
}

bool LooksLikeScan(const std::vector<const AttemptPair*>& attempts, uint64_t flows) {
  constexpr double kPortsPerFlow = 0.4;  // a scanner tries a silent port twice or thrice
  constexpr double kPortsMin = 10;
  uint64_t scanning = 0;
  for (const AttemptPair* attempt : attempts) {
    const double ports = attempt->ports.Estimate();
    const auto tried = static_cast<double>(attempt->flows + attempt->probes);
    // The bitmap is full near 3,000 ports.
    if (ports >= kPortsMin && (ports >= kPortsPerFlow * tried || ports > 1'000)) {
      scanning += attempt->flows;
    }
  }
  return 2 * scanning > flows;
}

}  // namespace vedette
