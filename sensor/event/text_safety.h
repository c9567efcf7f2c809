// Text from packets on its way out of the program. Hostile: any bytes, any length. Pure.
#ifndef VEDETTE_SENSOR_EVENT_TEXT_SAFETY_H_
#define VEDETTE_SENSOR_EVENT_TEXT_SAFETY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace vedette {

inline constexpr uint32_t kReplacementCharacter = 0xfffd;

// The next code point of `text` from `at`, which moves behind it; U+FFFD for each byte that is not
// part of valid UTF-8 (overlong forms, surrogates and values above U+10FFFF are not).
uint32_t NextCodePoint(absl::string_view text, size_t& at);
void AppendUtf8(uint32_t code_point, std::string& out);

// C0, C1, DEL, line separators, and what turns the direction of text around: nothing that a person
// should ever be shown as it is.
bool IsControl(uint32_t code_point);

// The first `bytes_max` bytes, cut between characters; the rest stays as hostile as it was.
std::string Cut(absl::string_view text, size_t bytes_max);

// Valid UTF-8 of at most `bytes_max`, controls as visible \uXXXX: for terminals and logs.
std::string Printable(absl::string_view text, size_t bytes_max = 256);

// As a JSON string with its quotes; controls as \uXXXX escapes.
void AppendJsonString(absl::string_view text, std::string& out);

// As HTML text or attribute value.
std::string HtmlEscaped(absl::string_view text, size_t bytes_max = 1024);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EVENT_TEXT_SAFETY_H_
