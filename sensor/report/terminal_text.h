// Text fitted to a terminal. What comes in is hostile: what goes out has no control characters,
// takes the columns it is said to take, and is ASCII where the terminal is not known to read UTF-8
// (an 8-bit terminal takes parts of UTF-8 for control characters). Pure, but for StyleOf.
#ifndef VEDETTE_SENSOR_REPORT_TERMINAL_TEXT_H_
#define VEDETTE_SENSOR_REPORT_TERMINAL_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace vedette {

struct TerminalStyle {
  size_t width = 80;
  bool color = false;
  bool utf8 = false;
};

// Width and colour of the terminal behind the descriptor; 80 columns without colour when it is
// none. NO_COLOR and TERM=dumb switch colour off, the locale's variables tell UTF-8.
TerminalStyle StyleOf(int descriptor);

// Columns of text that has been fitted: no colours, no controls.
size_t ColumnsOf(absl::string_view text);

// At most `columns` wide; what does not fit ends in "~".
std::string Fitted(absl::string_view text, size_t columns, bool utf8);

// Lines of at most `columns`, broken at spaces where there are any.
std::vector<std::string> Wrapped(absl::string_view text, size_t columns, bool utf8);

enum class Ink { kPlain, kBold, kFaint, kCritical, kHigh, kMedium, kLow, kGood };
// Fitted text in a colour, or as it is.
std::string Painted(absl::string_view text, Ink ink, const TerminalStyle& style);

// Rows of cells: the first column takes the room that is left, further ones are figures at the
// right, the last of them left out where the room is too small.
class TerminalTable {
 public:
  explicit TerminalTable(std::vector<std::string> titles) { rows_.push_back(std::move(titles)); }
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Each line indented and ended; titles faint.
  std::string Text(const TerminalStyle& style, size_t indent) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_TERMINAL_TEXT_H_
