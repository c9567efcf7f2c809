// A detector's memory of its subjects: bounded whatever an attacker multiplies. When it is full the
// eighth that was quiet longest is forgotten; ties by key, so that the same intervals always leave
// the same memory. Owned by a detector, control thread.
#ifndef VEDETTE_DETECTORS_BOUNDED_STATES_H_
#define VEDETTE_DETECTORS_BOUNDED_STATES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"

namespace vedette {

// Ordered by key: walking it gives the same findings in the same order everywhere.
template <typename Key, typename State>
class BoundedStates {
 public:
  explicit BoundedStates(size_t max) : max_(max) {}

  // The subject's state, made if need be.
  State& Touch(const Key& key, uint64_t now_us) {
    auto at = states_.find(key);
    if (at == states_.end()) {
      if (states_.size() >= max_) ForgetOldest();
      at = states_.try_emplace(key).first;
    }
    at->second.touched_us = now_us;
    return at->second.state;
  }
  State* Find(const Key& key) {
    const auto at = states_.find(key);
    return at == states_.end() ? nullptr : &at->second.state;
  }
  void Forget(const Key& key) { states_.erase(key); }
  size_t size() const { return states_.size(); }

  // `call(key, state, touched_us)`; false: forget it.
  template <typename Call>
  void Each(Call&& call) {
    for (auto at = states_.begin(); at != states_.end();) {
      if (call(at->first, at->second.state, at->second.touched_us)) {
        ++at;
      } else {
        at = states_.erase(at);
      }
    }
  }

 private:
  struct Entry {
    uint64_t touched_us = 0;
    State state{};
  };

  void ForgetOldest() {
    std::vector<std::pair<uint64_t, Key>> by_age;
    by_age.reserve(states_.size());
    for (const auto& [key, entry] : states_) by_age.emplace_back(entry.touched_us, key);
    const size_t gone = std::max<size_t>(1, by_age.size() / 8);
    std::nth_element(by_age.begin(), by_age.begin() + static_cast<std::ptrdiff_t>(gone) - 1,
                     by_age.end());
    for (size_t i = 0; i < gone; ++i) states_.erase(by_age[i].second);
  }

  size_t max_;
  absl::btree_map<Key, Entry> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_BOUNDED_STATES_H_
