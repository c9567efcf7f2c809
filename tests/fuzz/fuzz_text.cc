#include <bit>
#include <limits>
#include <nlohmann/json.hpp>

#include "sensor/event/json_writer.h"
#include "sensor/event/text_safety.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

// What the text says once everything that is not UTF-8 has been replaced.
std::string Repaired(absl::string_view text) {
  std::string repaired;
  for (size_t at = 0; at < text.size();) {
    const size_t before = at;
    AppendUtf8(NextCodePoint(text, at), repaired);
    Require(at > before && at <= text.size());
  }
  return repaired;
}

// No control and nothing that only stands for a byte that was none.
void RequireUtf8(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t before = at;
    const uint32_t c = NextCodePoint(text, at);
    Require(!IsControl(c));
    Require(c != kReplacementCharacter || at - before == 3);
  }
}

void CheckPrintable(absl::string_view text, size_t bytes_max) {
  const std::string shown = Printable(text, bytes_max);
  Require(shown.size() <= bytes_max);
  RequireUtf8(shown);
  Require(Printable(shown, bytes_max) == shown);
  const std::string more = Printable(text, bytes_max + 12);
  Require(more.starts_with(shown));
}

void CheckCut(absl::string_view text, size_t bytes_max) {
  const std::string cut = Cut(text, bytes_max);
  Require(cut.size() <= bytes_max && absl::string_view(cut) == text.substr(0, cut.size()));
  Require(cut.size() + 4 > std::min(bytes_max, text.size()));
  // What was valid stays valid: no character is cut in two.
  if (Repaired(text) == text) Require(Repaired(cut) == cut);
}

void CheckJson(absl::string_view text) {
  std::string json;
  AppendJsonString(text, json);
  RequireUtf8(json);
  const nlohmann::json read = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  Require(read.is_string());
  const std::string repaired = Repaired(text);
  const auto& value = read.get_ref<const std::string&>();
  Require(repaired.starts_with(value));
  Require(value == repaired || json.size() >= 16'384);  // only what is far too long is cut
}

void CheckHtml(absl::string_view text, size_t bytes_max) {
  std::string html = HtmlEscaped(text, bytes_max);
  RequireUtf8(html);
  Require(html.find_first_of("<>\"'") == std::string::npos);
  constexpr std::pair<const char*, char> kEntities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&amp;", '&'}};
  std::string read;
  for (size_t at = 0; at < html.size();) {
    size_t length = 1;
    char c = html[at];
    for (const auto& [entity, meaning] : kEntities) {
      if (html.compare(at, std::char_traits<char>::length(entity), entity) != 0) continue;
      length = std::char_traits<char>::length(entity);
      c = meaning;
    }
    Require(c != '&' || length > 1);
    read.push_back(c);
    at += length;
  }
  Require(read == Printable(text, bytes_max));
}

// A whole object: names, lists and any double there is.
void CheckObject(FuzzInput input, absl::string_view text) {
  uint64_t bits = 0;
  for (size_t i = 0; i < 8 && i < input.size(); ++i) bits = bits << 8 | input[i];
  const auto number = std::bit_cast<double>(bits);
  const std::string name(text.substr(0, 64));
  std::string json;
  JsonWriter writer(json);
  writer.Field("text", std::vector<std::string>{name, std::string(text)});
  writer.Field("number", number);
  writer.Field("bits", bits);
  writer.Field("map", std::map<std::string, std::string>{{name, name}});
  writer.End();
  Require(json.find_first_of("\n\r") == std::string::npos);  // one event, one line
  const nlohmann::json read = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  Require(read.is_object() && read["bits"].get<uint64_t>() == bits);
  if (std::isfinite(number)) Require(read["number"].get<double>() == number);
  Require(read["map"].size() == 1 && read["map"].contains(Repaired(name)));
}

}  // namespace

// First byte: how much of the text may come out.
void FuzzText(FuzzInput input) {
  if (input.empty()) return;
  const size_t bytes_max = input[0];
  const FuzzInput rest = input.subspan(1);
  const std::string text(rest.begin(), rest.end());
  CheckPrintable(text, bytes_max);
  CheckCut(text, bytes_max);
  CheckJson(text);
  CheckHtml(text, bytes_max);
  CheckObject(rest, text);
}

std::vector<std::string> TextSeeds() {
  return {
      "\x20plain text",
      std::string("\x40", 1) + "<script>alert('x') && \"y\"</script>",
      "\x10 \x1b[31mred\x1b[0m \x07\x7f \r\n\t",
      "\x18 a\xc2\x9b b\xe2\x80\xae c\xe2\x80\xa8 d\xef\xbb\xbf e\xf3\xa0\x81\x81",
      "\x09\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x9b\xa1 \xc3\xa9 e\xcc\x81",
      "\x30 \xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80 \xe0\x80\xaf \xff\xfe \xf0\x9f\x9b",
      std::string("\x7f \0 \\u0000 \\ \" ", 15) + std::string(200, '\1'),
      std::string("\x01\x7f\xf0\0\0\0\0\0\0 infinity", 18),
      std::string("\x01\0\0\0\0\0\0\0\1 denormal", 18),
  };
}

}  // namespace vedette
