// The public keys by which models are believed: Ed25519, each known by the first 16 hexadecimal
// digits of its SHA-256. Made at set-up or on a reload, immutable; any thread.
#ifndef VEDETTE_SENSOR_MODELS_MODEL_KEYS_H_
#define VEDETTE_SENSOR_MODELS_MODEL_KEYS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vedette {

inline constexpr size_t kModelKeysMax = 16;
inline constexpr size_t kModelSignatureBytes = 64;

// The 32 bytes of a key: base64 of them, or of the SubjectPublicKeyInfo around them, which is the
// middle line of what `openssl pkey -pubout` prints.
absl::StatusOr<std::string> ParseModelKey(absl::string_view text);
std::string IdOfModelKey(absl::string_view key);

// The first 16 bytes of SHA-256 in hexadecimal: enough to tell contents apart.
std::string ShortDigest(absl::string_view bytes);

class ModelKeys {
 public:
  ModelKeys() = default;
  // Fails on the first text that is no key.
  static absl::StatusOr<ModelKeys> Create(absl::Span<const std::string> texts);

  bool empty() const { return keys_.empty(); }
  bool Knows(absl::string_view id) const { return keys_.contains(id); }
  // False for an id that is not known.
  bool Verify(absl::string_view id, absl::string_view signature, absl::string_view bytes) const;
  std::vector<std::string> ids() const;  // sorted

 private:
  absl::flat_hash_map<std::string, std::string> keys_;  // by id
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_MODEL_KEYS_H_
