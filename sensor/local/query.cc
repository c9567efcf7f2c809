#include "sensor/local/query.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "detectors/near_name.h"

namespace vedette {
namespace {

bool Decode(absl::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const absl::string_view digits = text.substr(i + 1, 2);
      const bool good = digits.size() == 2 &&
                        absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) &&
                        absl::ascii_isxdigit(static_cast<unsigned char>(digits[1]));
      if (!good) return false;
      out += absl::HexStringToBytes(digits);
      i += 2;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<Query> Query::Parse(absl::string_view text,
                                   absl::Span<const absl::string_view> known) {
  Query query;
  for (const absl::string_view part : absl::StrSplit(text, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    std::string name, value;
    if (!Decode(pair.first, name) || !Decode(pair.second, value)) {
      return absl::InvalidArgumentError("found a '%' without two hexadecimal digits in the query");
    }
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "found the parameter ", Quoted(name), ", allowed ",
          known.empty() ? "none" : absl::StrJoin(known, ", "), DidYouMean(name, known)));
    }
    if (!query.values_.emplace(std::move(name), std::move(value)).second) {
      return absl::InvalidArgumentError(absl::StrCat("found ", pair.first, " twice, allowed once"));
    }
  }
  return query;
}

const std::string& Query::Text(const std::string& name) const {
  static const auto* const none = new std::string;
  const auto at = values_.find(name);
  return at == values_.end() ? *none : at->second;
}

absl::StatusOr<std::string> Query::Choice(const std::string& name,
                                          absl::Span<const absl::string_view> allowed,
                                          absl::string_view otherwise) const {
  const std::string& value = Text(name);
  if (value.empty()) return std::string(otherwise);
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  return absl::InvalidArgumentError(absl::StrCat(name, ": found ", Quoted(value), ", allowed ",
                                                 absl::StrJoin(allowed, ", "),
                                                 DidYouMean(value, allowed)));
}

absl::StatusOr<size_t> Query::Count(const std::string& name, size_t max, size_t otherwise) const {
  const std::string& value = Text(name);
  if (value.empty()) return otherwise;
  uint64_t count = 0;
  const bool digits = std::all_of(value.begin(), value.end(), absl::ascii_isdigit);
  if (digits && absl::SimpleAtoi(value, &count) && count >= 1 && count <= max) return count;
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": found ", Quoted(value), ", allowed a whole number, 1 to ", max));
}

}  // namespace vedette
