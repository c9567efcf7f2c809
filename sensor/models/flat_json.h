// JSON from outside, read without a tree: one object whose values are texts, numbers, lists of
// numbers, or lists of lists of numbers. What is deeper is passed over as far as it may be, and no
// nesting costs stack or memory. Any thread.
#ifndef VEDETTE_SENSOR_MODELS_FLAT_JSON_H_
#define VEDETTE_SENSOR_MODELS_FLAT_JSON_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "sensor/models/model_refusal.h"

namespace vedette {

struct FlatField {
  enum class Kind : uint8_t { kText, kInteger, kNumber, kNumbers, kRows, kOther };
  Kind kind = Kind::kOther;
  std::string text;
  int64_t integer = 0;
  double number = 0;             // of a kInteger too
  std::vector<double> numbers;   // of kRows, one row after the other; all finite
  std::vector<size_t> row_ends;  // kRows: where each ends
};

class FlatJson {
 public:
  // Deeper than a field that nobody knows yet needs.
  static constexpr size_t kDepthMax = 8;

  // Null: `text` was read to its end.
  std::optional<ModelFault> Read(absl::string_view text);
  // Null: there is none of this name.
  const FlatField* Find(absl::string_view name) const;

 private:
  absl::flat_hash_map<std::string, FlatField> fields_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_FLAT_JSON_H_
