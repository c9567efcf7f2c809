// What of a detector outlives an interval is named once, in its Keep: a call of `io` for each
// field. From that one list its state is written to disk, read back, and handed on when the
// configuration changes, so that these cannot disagree. Control thread; Io's are in sensor/state
// and here.
//
// Fields are plain values, or structs that have a Keep themselves. A detector's own fields are
// BoundedStates, mostly. What must not be on a disk is named under
//   if constexpr (Io::kWithinProcess)
// A detector that measures time between packets has an OnAway() as well: the sensor was away, what
// it kept is of the time before.
#ifndef VEDETTE_DETECTORS_KEEP_H_
#define VEDETTE_DETECTORS_KEEP_H_

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace vedette {

// Notes where the fields are.
class FieldPlaces {
 public:
  static constexpr bool kWithinProcess = true;
  template <typename Field>
  void operator()(absl::string_view, Field& field) {
    places_.push_back(&field);
  }
  const std::vector<void*>& places() const { return places_; }

 private:
  std::vector<void*> places_;
};

// Takes what the same field of another detector of this type holds.
class FieldTaker {
 public:
  static constexpr bool kWithinProcess = true;
  explicit FieldTaker(const std::vector<void*>& from) : from_(from) {}
  template <typename Field>
  void operator()(absl::string_view, Field& field) {
    assert(next_ < from_.size());
    field = std::move(*static_cast<Field*>(from_[next_++]));
  }

 private:
  const std::vector<void*>& from_;
  size_t next_ = 0;
};

// `to` remembers what `from` did, and `from` nothing any more.
template <typename D>
void HandOnState(D& from, D& to) {
  FieldPlaces places;
  from.Keep(places);
  FieldTaker taker(places.places());
  to.Keep(taker);
}

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_KEEP_H_
