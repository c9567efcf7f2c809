#include "dataplane/inspect/pattern_verifiers.h"

#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace vedette {
namespace {

struct CountryLength {
  char country[3];
  uint8_t length;
};
// The registry's lengths of the countries whose accounts are common; others are not taken for
// IBANs.
constexpr auto kIbanLengths = std::to_array<CountryLength>(
    {{"AT", 20}, {"BE", 16}, {"BG", 22}, {"CH", 21}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18},
     {"EE", 20}, {"ES", 24}, {"FI", 18}, {"FR", 27}, {"GB", 22}, {"GR", 27}, {"HR", 21}, {"HU", 28},
     {"IE", 22}, {"IS", 26}, {"IT", 27}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"MT", 31},
     {"NL", 18}, {"NO", 15}, {"PL", 28}, {"PT", 25}, {"RO", 24}, {"SE", 24}, {"SI", 19}, {"SK", 24},
     {"TR", 26}, {"UA", 29}, {"AE", 23}, {"SA", 24}, {"IL", 23}});

bool Luhn(const char* digits, size_t count) {
  unsigned sum = 0;
  for (size_t i = 0; i < count; ++i) {
    unsigned digit = static_cast<unsigned>(digits[count - 1 - i] - '0');
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool IsIssued(const char* digits, size_t count) {
  const auto prefix = [digits](size_t length) {
    unsigned value = 0;
    for (size_t i = 0; i < length; ++i) value = value * 10 + static_cast<unsigned>(digits[i] - '0');
    return value;
  };
  const unsigned two = prefix(2), four = prefix(4);
  if (digits[0] == '4') return count == 13 || count == 16 || count == 19;              // Visa
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return count == 16;  // Mastercard
  if (two == 34 || two == 37) return count == 15;                                      // Amex
  if (two == 36 || two == 38 || (four >= 3000 && four <= 3059)) return count == 14;    // Diners
  if (four == 6011 || two == 65) return count == 16 || count == 19;                    // Discover
  if (four >= 3528 && four <= 3589) return count == 16;                                // JCB
  return two == 62 && count >= 16;                                                     // UnionPay
}

// 4000 0000 0000 0002 counts something: no account number has so long a run of zeros.
bool HasLongZeros(const char* digits, size_t count) {
  constexpr size_t kZeros = 9;
  size_t zeros = 0;
  for (size_t i = 0; i < count && zeros < kZeros; ++i) zeros = digits[i] == '0' ? zeros + 1 : 0;
  return zeros == kZeros;
}

}  // namespace

absl::string_view CardNumberAtEnd(absl::string_view before) {
  char digits[19];
  size_t count = 0, begin = before.size();
  bool separated = true;  // nothing may separate behind the last digit
  while (begin > 0) {
    const char c = before[begin - 1];
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      if (count == sizeof(digits)) return {};
      digits[sizeof(digits) - 1 - count++] = c;
      separated = false;
    } else if ((c == ' ' || c == '-') && !separated) {
      separated = true;
    } else {
      break;
    }
    --begin;
  }
  if (count < 13) return {};
  if (begin > 0 && !separated) {
    const auto front = static_cast<unsigned char>(before[begin - 1]);
    if (absl::ascii_isalnum(front) || front == '.' || front == '_' || front == '%' ||
        front == '+' || front == '/') {
      return {};
    }
  }
  const char* const number = digits + sizeof(digits) - count;
  if (!IsIssued(number, count) || !Luhn(number, count) || HasLongZeros(number, count)) return {};
  while (begin < before.size() && !absl::ascii_isdigit(static_cast<unsigned char>(before[begin]))) {
    ++begin;
  }
  return before.substr(begin);
}

absl::string_view IbanAtEnd(absl::string_view before) {
  for (const CountryLength& known : kIbanLengths) {
    // Walk back over so many letters and digits, single blanks between groups.
    char text[34];
    size_t count = 0, begin = before.size();
    bool blank = true;
    while (begin > 0 && count < known.length) {
      const auto c = static_cast<unsigned char>(before[begin - 1]);
      if (absl::ascii_isdigit(c) || absl::ascii_isupper(c)) {
        text[known.length - 1 - count++] = static_cast<char>(c);
        blank = false;
      } else if (c == ' ' && !blank) {
        blank = true;
      } else {
        break;
      }
      --begin;
    }
    if (count != known.length || text[0] != known.country[0] || text[1] != known.country[1])
      continue;
    if (begin > 0 && absl::ascii_isalnum(static_cast<unsigned char>(before[begin - 1]))) continue;
    unsigned remainder = 0;
    for (size_t i = 0; i < count; ++i) {
      const char c = text[(i + 4) % count];
      const bool digit = absl::ascii_isdigit(static_cast<unsigned char>(c));
      const auto value = static_cast<unsigned>(digit ? c - '0' : c - 'A' + 10);
      remainder = (remainder * (digit ? 10U : 100U) + value) % 97;
    }
    if (remainder == 1) return before.substr(begin);
  }
  return {};
}

absl::string_view LoginAtEnd(absl::string_view before) {
  constexpr absl::string_view kUser = "user ";
  size_t at = before.size();
  while (at > 0 && !absl::StartsWithIgnoreCase(before.substr(--at), kUser)) {
  }
  absl::string_view login = before.substr(at);
  if (!absl::ConsumePrefix(&login, before.substr(at, kUser.size()))) return before;
  const absl::string_view name = login.substr(0, login.find_first_of("\r\n"));
  const bool nobody =
      absl::EqualsIgnoreCase(name, "anonymous") || absl::EqualsIgnoreCase(name, "ftp");
  return nobody ? absl::string_view() : login;
}

}  // namespace vedette
