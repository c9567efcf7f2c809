// The part of a name that somebody registered, by the public suffix list (libpsl's built-in copy).
// Pure; control thread.
#ifndef VEDETTE_DETECTORS_EXFIL_REGISTERED_DOMAIN_H_
#define VEDETTE_DETECTORS_EXFIL_REGISTERED_DOMAIN_H_

#include <string>

#include "absl/strings/string_view.h"

namespace vedette {

// "example.co.uk" of "a.b.example.co.uk"; of a name under no known suffix the last two labels, as
// in private networks. Empty where the last label is none that a registry or an administrator gives
// (RFC 3696: letters), so that names made up whole belong together. `name` is lower case without a
// final dot; a view into it.
absl::string_view RegisteredDomain(absl::string_view name);

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_EXFIL_REGISTERED_DOMAIN_H_
