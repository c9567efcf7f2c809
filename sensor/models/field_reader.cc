#include "sensor/models/field_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

using Kind = FlatField::Kind;

bool HasControls(absl::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (IsControl(NextCodePoint(text, at))) return true;
  }
  return false;
}

// A list without any is one of numbers and one of rows.
bool Fits(const FlatField& field, Kind kind) {
  return field.kind == kind ||
         (kind == Kind::kRows && field.kind == Kind::kNumbers && field.numbers.empty());
}

}  // namespace

void FieldReader::Fail(ModelRefusal why, std::string detail) {
  if (good()) fault_ = {why, std::move(detail)};
}

const FlatField* FieldReader::Find(absl::string_view name, Kind kind, absl::string_view wanted) {
  if (!good()) return nullptr;
  const FlatField* const field = json_.Find(name);
  if (field == nullptr) {
    Fail(ModelRefusal::kMissingField, std::string(name));
    return nullptr;
  }
  if (Fits(*field, kind)) return field;
  Fail(ModelRefusal::kWrongType, absl::StrCat(name, " is no ", wanted));
  return nullptr;
}

void FieldReader::Bytes(absl::string_view name, std::string& out) {
  const FlatField* const field = Find(name, Kind::kText, "text");
  if (field != nullptr) out = field->text;
}

void FieldReader::Text(absl::string_view name, size_t bytes_max, std::string& out) {
  const FlatField* const field = Find(name, Kind::kText, "text");
  if (field == nullptr) return;
  if (field->text.empty() || field->text.size() > bytes_max || HasControls(field->text)) {
    return Fail(ModelRefusal::kBadText, absl::StrCat(name, ": ", field->text.size(),
                                                     " bytes, 1 to ", bytes_max, " are allowed"));
  }
  out = field->text;
}

void FieldReader::Integer(absl::string_view name, int64_t min, int64_t max, int64_t& out) {
  const FlatField* const field = Find(name, Kind::kInteger, "whole number");
  if (field == nullptr) return;
  out = field->integer;
  if (out < min || out > max) {
    Fail(ModelRefusal::kOutOfRange,
         absl::StrCat(name, ": ", out, ", ", min, " to ", max, " is allowed"));
  }
}

void FieldReader::CheckRange(absl::string_view name, NumberRange range,
                             absl::Span<const double> numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    // Not the other way round: what is no number is in no range.
    if (numbers[i] >= range.min && numbers[i] <= range.max) continue;
    return Fail(ModelRefusal::kOutOfRange,
                absl::StrCat(name, "[", i, "]: ", numbers[i], ", ", range.min, " to ", range.max,
                             " is allowed"));
  }
}

void FieldReader::Numbers(absl::string_view name, NumberRange range, absl::Span<double> out) {
  const FlatField* const field = Find(name, Kind::kNumbers, "list of numbers");
  if (field == nullptr) return;
  if (field->numbers.size() != out.size()) {
    return Fail(ModelRefusal::kWrongShape, absl::StrCat(name, ": ", field->numbers.size(),
                                                        " numbers, ", out.size(), " are wanted"));
  }
  CheckRange(name, range, field->numbers);
  std::copy(field->numbers.begin(), field->numbers.end(), out.begin());
}

std::vector<double> FieldReader::Rows(absl::string_view name, size_t width, size_t rows_max,
                                      NumberRange range) {
  const FlatField* const field = Find(name, Kind::kRows, "list of lists of numbers");
  if (field == nullptr) return {};
  if (field->row_ends.size() > rows_max) {
    Fail(ModelRefusal::kWrongShape, absl::StrCat(name, ": ", field->row_ends.size(),
                                                 " rows, at most ", rows_max, " are allowed"));
    return {};
  }
  for (size_t row = 0; row < field->row_ends.size(); ++row) {
    if (field->row_ends[row] == (row + 1) * width) continue;
    Fail(ModelRefusal::kWrongShape,
         absl::StrCat(name, "[", row, "]: not the ", width, " numbers that are wanted"));
    return {};
  }
  CheckRange(name, range, field->numbers);
  return field->numbers;
}

void FieldReader::Hexadecimal(absl::string_view name, size_t digits_max) {
  const FlatField* const field = Find(name, Kind::kText, "text");
  if (field == nullptr) return;
  const std::string& text = field->text;
  const bool hexadecimal = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
  });
  if (!hexadecimal || text.size() % 2 != 0 || text.size() > digits_max) {
    Fail(ModelRefusal::kBadText, absl::StrCat(name, ": ", text.size(), " bytes, up to ", digits_max,
                                              " lower-case hexadecimal digits are allowed"));
  }
}

}  // namespace vedette
