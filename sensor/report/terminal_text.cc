#include "sensor/report/terminal_text.h"

#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cwchar>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

constexpr size_t kWidthMin = 40, kWidthMax = 160;
constexpr size_t kFirstColumnMin = 20, kCellColumnsMax = 28, kColumnGap = 2;
constexpr size_t kMarksMax = 2;  // combining marks on one character: more only cover other lines
constexpr size_t kTextBytesMax = 4'096;

// The C library's table of widths belongs to a locale, and the program's own is the plain one.
int WidthOf(uint32_t code_point) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr));
  if (code_point >= 0x20 && code_point < 0x7f) return 1;
  if (utf8 == static_cast<locale_t>(nullptr)) return -1;
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(static_cast<wchar_t>(code_point));
  uselocale(before);
  return width;
}

struct Glyph {
  std::string text;
  size_t columns = 0;
};

// One glyph a character with its marks; what has no width of its own is shown as its number.
std::vector<Glyph> GlyphsOf(absl::string_view text, bool utf8) {
  const std::string printable = Printable(text, kTextBytesMax);
  std::vector<Glyph> glyphs;
  size_t marks = 0;
  for (size_t at = 0; at < printable.size();) {
    const uint32_t c = NextCodePoint(printable, at);
    const int width = utf8 || c < 0x7f ? WidthOf(c) : -1;
    if (width == 0 && !glyphs.empty()) {
      if (++marks <= kMarksMax) AppendUtf8(c, glyphs.back().text);
      continue;
    }
    marks = 0;
    Glyph& glyph = glyphs.emplace_back();
    if (width > 0) {
      AppendUtf8(c, glyph.text);
      glyph.columns = static_cast<size_t>(width);
    } else {
      glyph.text = absl::StrFormat("\\u%04x", c);
      glyph.columns = glyph.text.size();
    }
  }
  return glyphs;
}

size_t ColumnsOf(const std::vector<Glyph>& glyphs) {
  size_t columns = 0;
  for (const Glyph& glyph : glyphs) columns += glyph.columns;
  return columns;
}

std::string Padded(const std::string& text, size_t columns, bool at_right) {
  const size_t used = ColumnsOf(GlyphsOf(text, true));
  const std::string pad(columns - std::min(columns, used), ' ');
  return at_right ? absl::StrCat(pad, text) : absl::StrCat(text, pad);
}

bool IsSet(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool LocaleIsUtf8() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!IsSet(variable)) continue;
    const std::string value = absl::AsciiStrToLower(std::getenv(variable));
    return absl::StrContains(value, "utf-8") || absl::StrContains(value, "utf8");
  }
  return false;
}

const char* CodeOf(Ink ink) {
  switch (ink) {
    case Ink::kBold:
      return "1";
    case Ink::kFaint:
      return "2";
    case Ink::kCritical:
      return "1;97;41";
    case Ink::kHigh:
      return "1;31";
    case Ink::kMedium:
      return "33";
    case Ink::kLow:
      return "36";
    case Ink::kGood:
      return "32";
    case Ink::kPlain:
      break;
  }
  return "";
}

}  // namespace

TerminalStyle StyleOf(int descriptor) {
  TerminalStyle style{.utf8 = LocaleIsUtf8()};
  if (isatty(descriptor) == 0) return style;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) {
    style.width = std::clamp<size_t>(size.ws_col, kWidthMin, kWidthMax);
  }
  const char* const term = std::getenv("TERM");
  style.color = !IsSet("NO_COLOR") && term != nullptr && absl::string_view(term) != "dumb";
  return style;
}

size_t ColumnsOf(absl::string_view text) { return ColumnsOf(GlyphsOf(text, true)); }

std::string Fitted(absl::string_view text, size_t columns, bool utf8) {
  const std::vector<Glyph> glyphs = GlyphsOf(text, utf8);
  const bool fits = ColumnsOf(glyphs) <= columns;
  const size_t room = fits ? columns : columns - std::min<size_t>(columns, 1);
  std::string fitted;
  size_t used = 0;
  for (const Glyph& glyph : glyphs) {
    if (used + glyph.columns > room) break;
    fitted += glyph.text;
    used += glyph.columns;
  }
  if (!fits && columns != 0) fitted.push_back('~');
  return fitted;
}

std::vector<std::string> Wrapped(absl::string_view text, size_t columns, bool utf8) {
  std::vector<std::string> lines;
  std::string line;
  size_t used = 0;
  const auto end_line = [&] {
    lines.push_back(std::move(line));
    line.clear();
    used = 0;
  };
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::vector<Glyph> glyphs = GlyphsOf(word, utf8);
    const size_t wanted = ColumnsOf(glyphs);
    if (used != 0 && used + 1 + wanted > columns) end_line();
    if (used != 0) {
      line.push_back(' ');
      ++used;
    }
    for (const Glyph& glyph : glyphs) {
      if (used != 0 && used + glyph.columns > columns) end_line();
      line += glyph.text;
      used += glyph.columns;
    }
  }
  if (used != 0 || lines.empty()) end_line();
  return lines;
}

std::string Painted(absl::string_view text, Ink ink, const TerminalStyle& style) {
  if (!style.color || ink == Ink::kPlain || text.empty()) return std::string(text);
  return absl::StrCat("\x1b[", CodeOf(ink), "m", text, "\x1b[0m");
}

std::string TerminalTable::Text(const TerminalStyle& style, size_t indent) const {
  std::vector<size_t> widths(rows_[0].size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], ColumnsOf(GlyphsOf(row[i], style.utf8)));
    }
  }
  for (size_t i = 1; i < widths.size(); ++i) widths[i] = std::min(widths[i], kCellColumnsMax);
  size_t shown = widths.size();
  size_t figures = indent;
  for (size_t i = 1; i < shown; ++i) figures += widths[i] + kColumnGap;
  const size_t first_min = std::min(widths[0], kFirstColumnMin);
  while (shown > 2 && figures + first_min > style.width) {
    figures -= widths[--shown] + kColumnGap;
  }
  widths[0] = std::min(widths[0], style.width - std::min(style.width, figures));
  std::string text;
  for (const auto& row : rows_) {
    std::string line =
        Padded(Fitted(row[0], widths[0], style.utf8), shown == 1 ? 0 : widths[0], false);
    for (size_t i = 1; i < shown; ++i) {
      absl::StrAppend(&line, std::string(kColumnGap, ' '),
                      Padded(Fitted(row[i], widths[i], style.utf8), widths[i], true));
    }
    absl::StrAppend(&text, std::string(indent, ' '),
                    &row == &rows_[0] ? Painted(line, Ink::kFaint, style) : line, "\n");
  }
  return text;
}

}  // namespace vedette
