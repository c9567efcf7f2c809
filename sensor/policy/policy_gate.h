// Stands before alert life: whether a finding may open an alert, and the count of those that may
// not, entry by entry. What is not told has a life all the same, so that an hour's backup is one
// alert that did not open and not 3,600. Owned and called by the control thread.
#ifndef VEDETTE_SENSOR_POLICY_POLICY_GATE_H_
#define VEDETTE_SENSOR_POLICY_POLICY_GATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "sensor/policy/policy.h"

namespace vedette {

// Of one entry, since the sensor's start; kept over reloads while the entry says the same.
struct PolicyCount {
  uint64_t alerts = 0;  // lives that were not told, or were told otherwise
  uint64_t last_us = 0;
};

struct PolicyTotals {
  uint64_t entries = 0, expired = 0;
  uint64_t allowed = 0, suppressed = 0, adjusted = 0, below_limit = 0;  // alerts
};

class PolicyGate {
 public:
  using Key = std::pair<std::string, std::string>;  // kind, device

  // `lives_max`: beyond it a life that is not told is forgotten, and counted again if it goes on.
  PolicyGate(std::shared_ptr<const Policy> policy, size_t lives_max);

  // Takes effect with the next finding.
  void Set(std::shared_ptr<const Policy> policy);
  const Policy& policy() const { return *policy_; }
  // Rises with every Set: what was judged before it has to be judged again.
  uint32_t generation() const { return generation_; }

  // `calm_us` after its last finding a life that is not told ends.
  PolicyVerdict Judge(const Key& key, const PolicyCase& asked, uint64_t calm_us);
  // Whether an alert of this kind and device goes on that nobody wants to hear of.
  bool Suppresses(const Key& key) const;
  // Lives without a finding in the interval that are past their calm.
  void CloseCalm(uint64_t begin_us, uint64_t end_us);

  PolicyTotals TotalsAt(uint64_t now_us) const;
  const std::vector<PolicyCount>& counts() const { return counts_; }  // by number of the entry

 private:
  struct Life {
    PolicyEffect effect = PolicyEffect::kAllow;
    uint32_t entry = 0;
    uint64_t last_us = 0, calm_us = 0;
  };
  void Count(const PolicyVerdict& verdict, uint64_t at_us);

  std::shared_ptr<const Policy> policy_;
  size_t lives_max_;
  uint32_t generation_ = 0;
  absl::btree_map<Key, Life> lives_;
  std::vector<PolicyCount> counts_;
  // Of entries that a reload has taken away: they may come back.
  absl::flat_hash_map<std::string, PolicyCount> former_;
  PolicyTotals totals_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_POLICY_POLICY_GATE_H_
