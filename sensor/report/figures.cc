#include "sensor/report/figures.h"

#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

// Three digits that say something: 1.23, 12.3, 123.
std::string ThreeDigits(double value) {
  if (value >= 99.95) return absl::StrFormat("%.0f", value);
  return value >= 9.995 ? absl::StrFormat("%.1f", value) : absl::StrFormat("%.2f", value);
}

std::string WithoutZeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

struct Span {
  uint64_t s;
  const char* unit;
};
constexpr auto kSpans = std::to_array<Span>({{86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}});

}  // namespace

std::string SizeText(uint64_t bytes) {
  return bytes < 1'000 ? absl::StrCat(bytes, " B") : RateText(static_cast<double>(bytes), "B");
}

std::string RateText(double value, absl::string_view unit) {
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t prefix = 0;
  // 999.5 would be rounded to 1000.
  while (value >= 999.5 && prefix + 1 < std::size(kPrefixes)) {
    value /= 1'000;
    ++prefix;
  }
  const std::string digits = prefix == 0 ? NumberText(value) : ThreeDigits(value);
  return absl::StrCat(digits, " ", kPrefixes[prefix], unit);
}

std::string PacketRateText(double packets_per_second) {
  std::string text = RateText(packets_per_second, "");
  return absl::StrCat(text, text.back() == ' ' ? "" : " ", "packets/s");
}

std::string NumberText(double value) {
  if (!std::isfinite(value)) return "-";
  if (value < 0) return absl::StrCat("-", NumberText(-value));
  if (value >= 1e18) return absl::StrFormat("%.3g", value);
  if (value >= 100 || value == std::floor(value)) {
    return CountText(static_cast<uint64_t>(std::llround(value)));
  }
  if (value < 0.01) return absl::StrFormat("%.2g", value);
  return WithoutZeros(ThreeDigits(value));
}

std::string ShareText(uint64_t part, uint64_t whole) {
  if (whole == 0) return "-";
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (part == 0) return "0 %";
  if (part == whole) return "100 %";
  if (percent < 0.1) return "under 0.1 %";
  return percent > 99.9 ? "over 99.9 %" : absl::StrFormat("%.1f %%", percent);
}

std::string SpanText(uint64_t us) {
  if (us < 10'000'000) {
    return absl::StrCat(NumberText(std::round(static_cast<double>(us) / 1e4) / 100), " s");
  }
  const uint64_t s = (us + 500'000) / 1'000'000;
  for (size_t i = 0; i < kSpans.size(); ++i) {
    if (s < kSpans[i].s) continue;
    std::string text = absl::StrCat(CountText(s / kSpans[i].s), " ", kSpans[i].unit);
    if (i + 1 == kSpans.size()) return text;
    const uint64_t rest = s % kSpans[i].s / kSpans[i + 1].s;
    if (rest != 0) absl::StrAppend(&text, " ", rest, " ", kSpans[i + 1].unit);
    return text;
  }
  return "0 s";
}

std::string TimeText(uint64_t us, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S %Z", absl::FromUnixMicros(static_cast<int64_t>(us)),
                          zone);
}

std::string ClockText(uint64_t us, absl::TimeZone zone) {
  return absl::FormatTime("%H:%M:%S", absl::FromUnixMicros(static_cast<int64_t>(us)), zone);
}

std::string Counted(uint64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(CountText(count), " ", count == 1 ? one : many);
}

}  // namespace vedette
