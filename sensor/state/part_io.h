// Top-level fields of what the sensor remembers, to the parts of a state and back: each field is a
// part, each subject of a table an entry. Any thread.
#ifndef VEDETTE_SENSOR_STATE_PART_IO_H_
#define VEDETTE_SENSOR_STATE_PART_IO_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "detectors/bounded_states.h"
#include "sensor/state/state_image.h"
#include "sensor/state/value_codec.h"

namespace vedette {

// What a field is made of: a table has subjects, anything else is one entry.
template <typename Field>
struct EntriesOfField {
  static std::string Layout() {
    if constexpr (state_types::Map<Field>) {
      return absl::StrCat(LayoutOf<typename Field::key_type>(), ">",
                          LayoutOf<typename Field::mapped_type>());
    } else {
      return LayoutOf<Field>();
    }
  }
  template <typename Call>
  static void Each(Field& field, Call&& call) {
    if constexpr (state_types::Map<Field>) {
      for (auto& [key, value] : field) {
        typename Field::key_type subject = key;
        call(StateValue::array({ToValue(subject), ToValue(value)}));
      }
    } else {
      call(ToValue(field));
    }
  }
  static bool Add(const StateValue& entry, Field& field) {
    if constexpr (state_types::Map<Field>) {
      typename Field::key_type key{};
      typename Field::mapped_type value{};
      if (!entry.is_array() || entry.size() != 2) return false;
      if (!FromValue(entry[0], key) || !FromValue(entry[1], value)) return false;
      field.insert_or_assign(std::move(key), std::move(value));
      return true;
    } else {
      return FromValue(entry, field);
    }
  }
};

// In the order of their touches, the newest last: they come back in it.
template <typename Key, typename State>
struct EntriesOfField<BoundedStates<Key, State>> {
  using Field = BoundedStates<Key, State>;
  static std::string Layout() { return absl::StrCat(LayoutOf<Key>(), ">", LayoutOf<State>()); }
  template <typename Call>
  static void Each(Field& field, Call&& call) {
    field.Each([&call](const Key& key, State& state, uint64_t touched_us) {
      Key subject = key;
      call(StateValue::array({touched_us, ToValue(subject), ToValue(state)}));
      return true;
    });
  }
  static bool Add(const StateValue& entry, Field& field) {
    uint64_t touched_us = 0;
    Key key{};
    State state{};
    if (!entry.is_array() || entry.size() != 3 || !FromValue(entry[0], touched_us)) return false;
    if (!FromValue(entry[1], key) || !FromValue(entry[2], state)) return false;
    field.Touch(key, touched_us) = std::move(state);
    return true;
  }
};

class PartWriter {
 public:
  static constexpr bool kWithinProcess = false;
  PartWriter(absl::string_view owner, StateImageWriter& image) : owner_(owner), image_(image) {}
  template <typename Field>
  void operator()(absl::string_view name, Field& field) {
    using Entries = EntriesOfField<Field>;
    image_.BeginPart(absl::StrCat(owner_, ".", name), Entries::Layout());
    Entries::Each(field, [this](StateValue entry) { image_.Add(std::move(entry)); });
    image_.EndPart();
  }

 private:
  std::string owner_;
  StateImageWriter& image_;
};

// A part that is not there, or is another version's, leaves its field as it was.
class PartReader {
 public:
  static constexpr bool kWithinProcess = false;
  PartReader(absl::string_view owner, const StateImage& image, std::vector<std::string>& notes)
      : owner_(owner), image_(image), notes_(notes) {}
  template <typename Field>
  void operator()(absl::string_view name, Field& field) {
    using Entries = EntriesOfField<Field>;
    const std::string part_name = absl::StrCat(owner_, ".", name);
    const StateImage::Part* const part = image_.Find(part_name);
    if (part == nullptr) return;
    if (part->layout != Entries::Layout()) {
      notes_.push_back(absl::StrCat(part_name, " is another version's and begins anew"));
      return;
    }
    size_t refused = 0;
    for (const auto& frame : part->frames) {
      for (const StateValue& entry : image_.EntriesOf(frame))
        refused += !Entries::Add(entry, field);
    }
    if (refused != 0) notes_.push_back(absl::StrCat(part_name, ": ", refused, " entries refused"));
  }

 private:
  std::string owner_;
  const StateImage& image_;
  std::vector<std::string>& notes_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_STATE_PART_IO_H_
