#include "detectors/exfil/registered_domain.h"

#include <libpsl.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace vedette {

namespace {

// Longer than every suffix that exists, shorter than a full label of data.
constexpr size_t kSuffixLengthMax = 24;

bool IsSuffix(absl::string_view label) {
  if (absl::StartsWith(label, "xn--")) return true;
  return !label.empty() && label.size() <= kSuffixLengthMax &&
         std::none_of(label.begin(), label.end(),
                      [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

}  // namespace

absl::string_view RegisteredDomain(absl::string_view name) {
  if (name.size() > name.rfind('.') + 1 && !IsSuffix(name.substr(name.rfind('.') + 1))) return {};
  // Labels are hostile: the library sees text that ends where the name does.
  const std::string text(name.substr(0, name.find('\0')));
  const char* const domain = psl_registrable_domain(psl_builtin(), text.c_str());
  if (domain != nullptr)
    return name.substr(static_cast<size_t>(domain - text.c_str()),
                       text.size() - static_cast<size_t>(domain - text.c_str()));
  size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || dot == 0) return name;
  dot = name.rfind('.', dot - 1);
  return dot == absl::string_view::npos ? name : name.substr(dot + 1);
}

absl::string_view RegisteredDomains::Of(absl::string_view name) {
  const auto known = places_.find(name);
  if (known != places_.end()) return name.substr(known->second.begin, known->second.size);
  const absl::string_view domain = RegisteredDomain(name);
  if (places_.size() == kNamesMax) places_.clear();
  const size_t begin = domain.empty() ? 0 : static_cast<size_t>(domain.data() - name.data());
  places_.emplace(std::string(name), Place{begin, domain.size()});
  return domain;
}

}  // namespace vedette
