// A detector's memory of its subjects: bounded whatever an attacker multiplies. When it is full the
// eighth that was quiet longest is forgotten; ties by key, so that the same intervals always leave
// the same memory. Owned by a detector, control thread.
#ifndef VEDETTE_DETECTORS_BOUNDED_STATES_H_
#define VEDETTE_DETECTORS_BOUNDED_STATES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace vedette {

// A state stays where it is until it is forgotten. Walking goes in no order: alert life sorts what
// an interval found.
template <typename Key, typename State>
class BoundedStates {
 public:
  explicit BoundedStates(size_t max) : max_(max) {}

  // The subject's state, made if need be.
  State& Touch(const Key& key, uint64_t now_us) {
    auto at = states_.find(key);
    if (at == states_.end()) {
      if (states_.size() >= max_) ForgetOldest();
      at = states_.try_emplace(key, std::make_unique<Entry>()).first;
    }
    at->second->touched_us = now_us;
    return at->second->state;
  }
  State* Find(const Key& key) {
    const auto at = states_.find(key);
    return at == states_.end() ? nullptr : &at->second->state;
  }
  void Forget(const Key& key) { states_.erase(key); }
  size_t size() const { return states_.size(); }

  // `call(key, state, touched_us)`; false: forget it.
  template <typename Call>
  void Each(Call&& call) {
    absl::erase_if(states_, [&call](auto& item) {
      return !call(item.first, item.second->state, item.second->touched_us);
    });
  }

 private:
  struct Entry {
    // Written out: a defaulted one would need the defaults of a State nested in a class that the
    // compiler is still reading. Clang refuses that.
    Entry() : touched_us(0), state() {}
    uint64_t touched_us;
    State state;
  };

  void ForgetOldest() {
    std::vector<std::pair<uint64_t, Key>> by_age;
    by_age.reserve(states_.size());
    for (const auto& [key, entry] : states_) by_age.emplace_back(entry->touched_us, key);
    const size_t gone = std::max<size_t>(1, by_age.size() / 8);
    std::nth_element(by_age.begin(), by_age.begin() + static_cast<std::ptrdiff_t>(gone) - 1,
                     by_age.end());
    for (size_t i = 0; i < gone; ++i) states_.erase(by_age[i].second);
  }

  size_t max_;
  absl::flat_hash_map<Key, std::unique_ptr<Entry>> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_BOUNDED_STATES_H_
