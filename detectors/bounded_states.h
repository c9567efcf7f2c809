// A detector's memory of its subjects: bounded whatever an attacker multiplies. When it is full the
// subject that was touched longest ago gives its place to the newcomer. Views are sorted, so the
// order of touches, and with it what is remembered, is the same for any number of workers. Full, it
// allocates no more. Owned by a detector, control thread.
#ifndef VEDETTE_DETECTORS_BOUNDED_STATES_H_
#define VEDETTE_DETECTORS_BOUNDED_STATES_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>

#include "absl/container/flat_hash_map.h"

namespace vedette {

// A state stays where it is until it is forgotten.
template <typename Key, typename State>
class BoundedStates {
 public:
  explicit BoundedStates(size_t max) : max_(max) {}
  BoundedStates(const BoundedStates& other) : max_(other.max_), entries_(other.entries_) {
    places_.reserve(entries_.size());
    for (auto at = entries_.begin(); at != entries_.end(); ++at) places_.emplace(at->key, at);
  }
  BoundedStates(BoundedStates&&) = default;  // a list's entries stay where they are
  BoundedStates& operator=(BoundedStates&&) = default;
  BoundedStates& operator=(const BoundedStates&) = delete;

  // The subject's state, made if need be.
  State& Touch(const Key& key, uint64_t now_us) {
    const auto known = places_.find(key);
    if (known != places_.end()) {
      entries_.splice(entries_.end(), entries_, known->second);
    } else {
      MakeNewest(key);
    }
    Entry& entry = entries_.back();
    entry.touched_us = now_us;
    return entry.state;
  }
  State* Find(const Key& key) {
    const auto at = places_.find(key);
    return at == places_.end() ? nullptr : &at->second->state;
  }
  void Forget(const Key& key) {
    const auto at = places_.find(key);
    if (at == places_.end()) return;
    entries_.erase(at->second);
    places_.erase(at);
  }
  size_t size() const { return places_.size(); }
  size_t max() const { return max_; }

  // From the one that was touched longest ago. `call(key, state, touched_us)`; false: forget it.
  template <typename Call>
  void Each(Call&& call) {
    for (auto at = entries_.begin(); at != entries_.end();) {
      const auto entry = at++;
      if (call(entry->key, entry->state, entry->touched_us)) continue;
      places_.erase(entry->key);
      entries_.erase(entry);
    }
  }

 private:
  struct Entry {
    // Written out: a defaulted one would need the defaults of a State nested in a class that the
    // compiler is still reading. Clang refuses that.
    explicit Entry(const Key& subject) : key(subject), touched_us(0), state() {}
    Key key;
    uint64_t touched_us;
    State state;
  };
  using Entries = std::list<Entry>;

  void MakeNewest(const Key& key) {
    if (places_.size() < max_) {
      entries_.emplace_back(key);
    } else {
      Entry& oldest = entries_.front();
      places_.erase(oldest.key);
      std::destroy_at(&oldest);
      std::construct_at(&oldest, key);
      entries_.splice(entries_.end(), entries_, entries_.begin());
    }
    places_.emplace(key, std::prev(entries_.end()));
  }

  size_t max_;
  Entries entries_;  // by the time of the last touch
  absl::flat_hash_map<Key, typename Entries::iterator> places_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_BOUNDED_STATES_H_
