#include "detectors/near_name.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

// Optimal string alignment: insertions, deletions, changes and swaps of neighbours.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> before, last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    before = last;
    last = now;
  }
  return last[b.size()];
}

}  // namespace

absl::string_view NearestName(absl::string_view found, absl::Span<const absl::string_view> known) {
  constexpr size_t kComparedMax = 64;  // longer words are no slip of the hand
  if (found.size() > kComparedMax) return {};
  size_t best = std::max<size_t>(2, found.size() / 3) + 1;
  absl::string_view nearest;
  for (const absl::string_view name : known) {
    const size_t distance = EditDistance(found, name);
    if (distance < best && distance < name.size()) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string DidYouMean(absl::string_view found, absl::Span<const absl::string_view> known) {
  const absl::string_view nearest = NearestName(found, known);
  return nearest.empty() ? "" : absl::StrCat(", did you mean '", nearest, "'?");
}

std::string DidYouMean(absl::string_view found, const std::vector<std::string>& known) {
  const std::vector<absl::string_view> views(known.begin(), known.end());
  return DidYouMean(found, absl::MakeConstSpan(views));
}

std::string Quoted(absl::string_view text) {
  constexpr size_t kShownMax = 60;
  const bool cut = text.size() > kShownMax;
  return absl::StrCat("'", absl::CEscape(text.substr(0, kShownMax)), cut ? "...'" : "'");
}

}  // namespace vedette
