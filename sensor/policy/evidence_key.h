// The sensor's own key for what evidence says of matched content: equal matches have equal HMACs,
// and who has no key cannot try card numbers against them. It never leaves the sensor, nor does
// what matched. Read at set-up; immutable after, any thread.
#ifndef VEDETTE_SENSOR_POLICY_EVIDENCE_KEY_H_
#define VEDETTE_SENSOR_POLICY_EVIDENCE_KEY_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vedette {

class EvidenceKey {
 public:
  EvidenceKey() = default;  // none: evidence holds no HMACs
  explicit EvidenceKey(std::string bytes) : bytes_(std::move(bytes)) {}

  bool empty() const { return bytes_.empty(); }
  // The first 64 bits of HMAC-SHA-256 over the pattern's name and the match.
  uint64_t HmacOf(absl::string_view pattern, uint64_t match) const;
  // With which workers tell matches apart, the same for as long as the key is; never 0.
  uint64_t content_secret() const;

 private:
  std::string bytes_;
};

enum class WhenNoKey { kFail, kMakeOne };

// `place`: an absolute path, or the name of a systemd credential; "" is no key. A file that is not
// there is made with WhenNoKey::kMakeOne, readable by its owner alone.
absl::StatusOr<EvidenceKey> ReadEvidenceKey(const std::string& place, WhenNoKey when);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_POLICY_EVIDENCE_KEY_H_
