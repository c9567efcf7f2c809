// The part of a name that somebody registered, by the public suffix list (libpsl's built-in copy).
// Pure; control thread.
#ifndef VEDETTE_DETECTORS_EXFIL_REGISTERED_DOMAIN_H_
#define VEDETTE_DETECTORS_EXFIL_REGISTERED_DOMAIN_H_

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace vedette {

// "example.co.uk" of "a.b.example.co.uk"; of a name under no known suffix the last two labels, as
// in private networks. Empty where the last label is none that a registry or an administrator gives
// (RFC 3696: letters), so that names made up whole belong together. `name` is lower case without a
// final dot; a view into it.
absl::string_view RegisteredDomain(absl::string_view name);

// The same, with a memory: the list takes thousands of instructions a name, and names come again.
// Bounded: forgets all when it is full. Owned by a detector.
class RegisteredDomains {
 public:
  absl::string_view Of(absl::string_view name);

 private:
  static constexpr size_t kNamesMax = 8'192;
  struct Place {
    size_t begin, size;  // of the domain within the name
  };
  absl::flat_hash_map<std::string, Place> places_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_EXFIL_REGISTERED_DOMAIN_H_
