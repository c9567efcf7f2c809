#include "detectors/irregular_sender.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "detectors/finding_text.h"

namespace vedette {

bool IsKindOf(DecodeStatus kind, absl::string_view layer) {
  const absl::string_view name = Describe(kind).wire_name;
  return absl::StartsWith(name, layer) && name.size() > layer.size() && name[layer.size()] == '.';
}

std::string KindsText(std::vector<std::pair<DecodeStatus, uint64_t>> kinds) {
  constexpr size_t kShown = 4;
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < std::min(kinds.size(), kShown); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", Describe(kinds[i].first).wire_name, " ",
                    CountText(kinds[i].second));
  }
  if (kinds.size() > kShown) absl::StrAppend(&text, " and ", kinds.size() - kShown, " more kinds");
  return text;
}

}  // namespace vedette
