// Fields of a FlatJson, each read with its type and its bounds; the first fault is kept, what comes
// behind it is not read. One thread.
#ifndef VEDETTE_SENSOR_MODELS_FIELD_READER_H_
#define VEDETTE_SENSOR_MODELS_FIELD_READER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sensor/models/flat_json.h"
#include "sensor/models/model_refusal.h"

namespace vedette {

struct NumberRange {
  double min = 0, max = 0;
};

class FieldReader {
 public:
  explicit FieldReader(const FlatJson& json) : json_(json) {}

  // Of any length and content.
  void Bytes(absl::string_view name, std::string& out);
  // Something to be shown: not empty, no control characters.
  void Text(absl::string_view name, size_t bytes_max, std::string& out);
  void Integer(absl::string_view name, int64_t min, int64_t max, int64_t& out);
  // As many as `out` has room for.
  void Numbers(absl::string_view name, NumberRange range, absl::Span<double> out);
  // Rows of `width` each, one after the other in what is returned.
  std::vector<double> Rows(absl::string_view name, size_t width, size_t rows_max,
                           NumberRange range);
  // Lower-case hexadecimal, which may be empty.
  void Hexadecimal(absl::string_view name, size_t digits_max);

  void Fail(ModelRefusal why, std::string detail);
  bool good() const { return !fault_.has_value(); }
  const std::optional<ModelFault>& fault() const { return fault_; }

 private:
  // Null: there is a fault.
  const FlatField* Find(absl::string_view name, FlatField::Kind kind, absl::string_view wanted);
  void CheckRange(absl::string_view name, NumberRange range, absl::Span<const double> numbers);

  const FlatJson& json_;
  std::optional<ModelFault> fault_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_FIELD_READER_H_
