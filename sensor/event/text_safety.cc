#include "sensor/event/text_safety.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace vedette {
namespace {

constexpr size_t kJsonStringMax = 16'384;  // a sketch has 8,300 digits; names are far shorter

bool IsContinuation(absl::string_view text, size_t at) {
  return at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80;
}

}  // namespace

uint32_t NextCodePoint(absl::string_view text, size_t& at) {
  const auto first = static_cast<uint8_t>(text[at++]);
  if (first < 0x80) return first;
  const size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first > 0xf4) return kReplacementCharacter;
  uint32_t code_point = first & (0x3fU >> more);
  for (size_t i = 0; i < more; ++i) {
    if (!IsContinuation(text, at + i)) return kReplacementCharacter;
    code_point = code_point << 6 | (static_cast<uint8_t>(text[at + i]) & 0x3fU);
  }
  static constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < kLeast[more] || code_point > 0x10ffff || surrogate) {
    return kReplacementCharacter;
  }
  at += more;
  return code_point;
}

void AppendUtf8(uint32_t code_point, std::string& out) {
  const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
}

bool IsControl(uint32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return true;
  const bool bidi = c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                    (c >= 0x2066 && c <= 0x2069);
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool invisible = (c >= 0x200b && c <= 0x200d) || c == 0x2060 || c == 0xfeff ||
                         (c >= 0xe0000 && c <= 0xe007f) || (c & 0xfffe) == 0xfffe;
  return bidi || separator || invisible;
}

std::string Cut(absl::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && bytes_max - end < 3 && IsContinuation(text, end)) --end;
  return std::string(text.substr(0, end));
}

std::string Printable(absl::string_view text, size_t bytes_max) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t before = out.size();
    const uint32_t c = NextCodePoint(text, at);
    if (IsControl(c)) {
      absl::StrAppend(&out, absl::StrFormat("\\u%04x", c));
    } else {
      AppendUtf8(c, out);
    }
    if (out.size() > bytes_max) {
      out.resize(before);
      break;
    }
  }
  return out;
}

void AppendJsonString(absl::string_view text, std::string& out) {
  out.push_back('"');
  const size_t end = out.size() + 2 * kJsonStringMax;
  for (size_t at = 0; at < text.size() && out.size() < end;) {
    const uint32_t c = NextCodePoint(text, at);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c > 0xffff && IsControl(c)) {
      const uint32_t pair = c - 0x10000;
      absl::StrAppend(
          &out, absl::StrFormat("\\u%04x\\u%04x", 0xd800 + (pair >> 10), 0xdc00 + (pair & 0x3ff)));
    } else if (IsControl(c)) {
      absl::StrAppend(&out, absl::StrFormat("\\u%04x", c));
    } else {
      AppendUtf8(c, out);
    }
  }
  out.push_back('"');
}

std::string HtmlEscaped(absl::string_view text, size_t bytes_max) {
  std::string out;
  for (const char c : Printable(text, bytes_max)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

}  // namespace vedette
