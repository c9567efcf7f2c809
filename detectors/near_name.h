// The known name a misspelt one was meant to be. Set-up only.
#ifndef VEDETTE_DETECTORS_NEAR_NAME_H_
#define VEDETTE_DETECTORS_NEAR_NAME_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vedette {

// The nearest of `known` by edits (a swap of neighbours being one), the first of equals; empty when
// more than a third of the letters would have to change, at least two being allowed.
absl::string_view NearestName(absl::string_view found, absl::Span<const absl::string_view> known);

// ", did you mean 'x'?" or nothing.
std::string DidYouMean(absl::string_view found, absl::Span<const absl::string_view> known);
std::string DidYouMean(absl::string_view found, const std::vector<std::string>& known);

// Text from a file or command line in quotes, cut to 60 bytes, safe for a terminal.
std::string Quoted(absl::string_view text);

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_NEAR_NAME_H_
