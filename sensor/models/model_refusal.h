// Why a message of vedette.models is not taken: a closed list, by whose names health events and
// metrics count. Any thread.
#ifndef VEDETTE_SENSOR_MODELS_MODEL_REFUSAL_H_
#define VEDETTE_SENSOR_MODELS_MODEL_REFUSAL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace vedette {

// Enumerator, wire name, sentence: in the order in which a message is checked.
#define VEDETTE_MODEL_REFUSALS(X)                                                       \
  X(kTombstone, "tombstone", "no content: models are replaced, not taken away")         \
  X(kTooLarge, "too_large", "larger than a model may be")                               \
  X(kNotUtf8, "not_utf8", "not UTF-8")                                                  \
  X(kNotJson, "not_json", "not one JSON object")                                        \
  X(kTooDeep, "too_deep", "JSON in JSON in JSON")                                       \
  X(kRepeatedField, "repeated_field", "a field stands twice")                           \
  X(kNotFinite, "not_finite", "a number that is none, or beyond all doubles")           \
  X(kMissingField, "missing_field", "a field is missing")                               \
  X(kWrongType, "wrong_type", "a field is not of its type")                             \
  X(kWrongSchema, "wrong_schema", "of a schema that this sensor does not know")         \
  X(kWrongMessage, "wrong_message", "not a model")                                      \
  X(kBadText, "bad_text", "a text is empty, too long, or holds control characters")     \
  X(kKeyMismatch, "key_mismatch", "the message's key names another device")             \
  X(kUnknownKey, "unknown_key", "signed with a key that is not in models.public_keys")  \
  X(kBadSignature, "bad_signature", "the signature is not that of the payload")         \
  X(kStaleVersion, "stale_version", "not newer than what was taken before")             \
  X(kPayloadMismatch, "payload_mismatch", "payload and envelope name different models") \
  X(kWrongShape, "wrong_shape", "a list is not as long as it must be")                  \
  X(kOutOfRange, "out_of_range", "a number is out of its range")                        \
  X(kNotAscending, "not_ascending", "quantiles or times in the wrong order")            \
  X(kExpired, "expired", "its time is over")                                            \
  X(kTooMany, "too_many", "models.max devices have one")

enum class ModelRefusal : uint8_t {
#define VEDETTE_ENUMERATOR(name, wire, sentence) name,
  VEDETTE_MODEL_REFUSALS(VEDETTE_ENUMERATOR)
#undef VEDETTE_ENUMERATOR
};

struct ModelRefusalText {
  absl::string_view wire_name, sentence;
};
inline constexpr auto kModelRefusals = std::to_array<ModelRefusalText>({
#define VEDETTE_TEXT(name, wire, sentence) {wire, sentence},
    VEDETTE_MODEL_REFUSALS(VEDETTE_TEXT)
#undef VEDETTE_TEXT
});
inline constexpr size_t kModelRefusalCount = kModelRefusals.size();

inline const ModelRefusalText& TextOf(ModelRefusal why) {
  return kModelRefusals[static_cast<size_t>(why)];
}

struct ModelFault {
  ModelRefusal why = ModelRefusal::kNotJson;
  std::string detail;  // which field, what was found; may hold anybody's text

  // "stale_version: not newer than what was taken before: version 3, 5 was"
  std::string ToString() const;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_MODEL_REFUSAL_H_
