// What a regular expression cannot say: is this number one that was issued? Pure functions over the
// bytes that end with the match. Worker cores.
#ifndef VEDETTE_DATAPLANE_INSPECT_PATTERN_VERIFIERS_H_
#define VEDETTE_DATAPLANE_INSPECT_PATTERN_VERIFIERS_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace vedette {

// Each returns the part of `before` that is the number with its separators, or nothing.

// A card number of 13 to 19 digits, single blanks or hyphens between groups, issuer range and
// length that exist, Luhn sum (ISO/IEC 7812-1), no letter, digit or sign of a longer number in
// front.
absl::string_view CardNumberAtEnd(absl::string_view before);

// An IBAN whose length and check digits fit (ISO 13616, ISO 7064 mod 97-10).
absl::string_view IbanAtEnd(absl::string_view before);

// USER and PASS lines of somebody: not of "anonymous" or "ftp", whose password is no secret (RFC
// 1635).
absl::string_view LoginAtEnd(absl::string_view before);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_PATTERN_VERIFIERS_H_
