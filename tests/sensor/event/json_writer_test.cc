#include "sensor/event/json_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

template <typename T>
std::string Written(const T& value) {
  std::string out;
  JsonWriter writer(out);
  writer.Field("v", value);
  writer.End();
  return out;
}

template <typename T>
nlohmann::json Read(const T& value) {
  return nlohmann::json::parse(Written(value)).at("v");
}

TEST(JsonWriter, WritesEverySortOfValue) {
  EXPECT_EQ(Written(true), R"({"v":true})");
  EXPECT_EQ(Written(int64_t{-5}), R"({"v":-5})");
  EXPECT_EQ(Written(std::numeric_limits<int64_t>::max()), R"({"v":9223372036854775807})");
  EXPECT_EQ(Written(std::numeric_limits<int64_t>::min()), R"({"v":-9223372036854775808})");
  EXPECT_EQ(Written(std::string("a")), R"({"v":"a"})");
  EXPECT_EQ(Written(std::vector<int32_t>{}), R"({"v":[]})");
  EXPECT_EQ(Written(std::vector<std::string>{"a", "b"}), R"({"v":["a","b"]})");
  EXPECT_EQ(Written(std::map<std::string, int64_t>{}), R"({"v":{}})");
  EXPECT_EQ(Written(std::map<std::string, int64_t>{{"b", 2}, {"a", 1}}), R"({"v":{"a":1,"b":2}})");
  std::string empty;
  JsonWriter(empty).End();
  EXPECT_EQ(empty, "{}");
}

TEST(JsonWriter, DoublesAreTheShortestThatReadBack) {
  EXPECT_EQ(Written(0.1), R"({"v":0.1})");
  EXPECT_EQ(Written(5.0), R"({"v":5})");
  EXPECT_EQ(Written(-0.0), R"({"v":0})");
  EXPECT_EQ(Written(1e300), R"({"v":1e+300})");
  for (const double value : {1.0 / 3, 1e300, -1e-300, std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::denorm_min(), 123456789.123456789}) {
    EXPECT_EQ(Read(value).get<double>(), value);
  }
  for (const double value :
       {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(Written(value), R"({"v":0})");
  }
}

TEST(JsonWriter, AnyFiniteDoubleReadsBack) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(Read(value).get<double>(), value);
  }
}

TEST(JsonWriter, TextIsEscaped) {
  EXPECT_EQ(Written(std::string("a\"b\\c")), R"({"v":"a\"b\\c"})");
  EXPECT_EQ(Written(std::string("\x1b[2J\n\0x", 7)), R"({"v":"\u001b[2J\u000a\u0000x"})");
  EXPECT_EQ(Written(std::string("\x7f\xc2\x85")), R"({"v":"\u007f\u0085"})");
  EXPECT_EQ(Written(std::string("<script>")), R"({"v":"<script>"})");
  EXPECT_EQ(Written(std::string("\xc3\xa9")), "{\"v\":\"\xc3\xa9\"}");
  EXPECT_EQ(Written(std::string("\xe2\x80\xae")), R"({"v":"\u202e"})");            // right to left
  EXPECT_EQ(Written(std::string("\xf3\xa0\x80\x81")), R"({"v":"\udb40\udc01"})");  // a tag
  EXPECT_EQ(Read(std::string("\xf3\xa0\x80\x81")).get<std::string>(), "\xf3\xa0\x80\x81");
}

TEST(JsonWriter, InvalidUtf8IsReplaced) {
  const std::string replacement = "\xef\xbf\xbd";
  EXPECT_EQ(Read(std::string("a\xff")).get<std::string>(), "a" + replacement);
  EXPECT_EQ(Read(std::string("\xc3")).get<std::string>(), replacement);
  EXPECT_EQ(Read(std::string("\xc0\xaf")).get<std::string>(), replacement + replacement);
  EXPECT_EQ(Read(std::string("\xed\xa0\x80")).get<std::string>(),
            replacement + replacement + replacement);
  EXPECT_EQ(Read(std::string("\xf4\x90\x80\x80")).get<std::string>(),
            replacement + replacement + replacement + replacement);
}

TEST(JsonWriter, AnyBytesAreValidJsonOnOneLine) {
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 64, '\0');
    for (char& c : text) c = static_cast<char>(random());
    const std::string written = Written(text);
    ASSERT_EQ(written.find_first_of("\n\r"), std::string::npos);
    ASSERT_TRUE(nlohmann::json::accept(written)) << written;
  }
}

TEST(JsonWriter, TextIsBounded) {
  EXPECT_LT(Written(std::string(1'000'000, 'a')).size(), 40'000U);
  EXPECT_LT(Written(std::string(1'000'000, '\x01')).size(), 40'000U);
  EXPECT_TRUE(nlohmann::json::accept(Written(std::string(1'000'000, '\x01'))));
}

TEST(Cut, KeepsCharactersWhole) {
  EXPECT_EQ(Cut("abc", 3), "abc");
  EXPECT_EQ(Cut("abcd", 3), "abc");
  EXPECT_EQ(Cut("a\xc3\xa9", 2), "a");
  EXPECT_EQ(Cut("\xf0\x9f\x98\x80", 3), "");
  EXPECT_EQ(Cut("a\xc3\xa9z", 3), "a\xc3\xa9");
  EXPECT_EQ(Cut(std::string(9, '\x80'), 5).size(), 2U);  // no character at all: bounded steps back
  EXPECT_EQ(Cut("abc", 0), "");
}

TEST(Printable, ShowsControls) {
  EXPECT_EQ(Printable("a\x1b[31m\n"), "a\\u001b[31m\\u000a");
  EXPECT_EQ(Printable("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(Printable(std::string(1'000, 'x')).size(), 256U);
  EXPECT_EQ(Printable("\x1b\x1b", 6), "\\u001b");
}

TEST(HtmlEscaped, LeavesNoMarkup) {
  EXPECT_EQ(HtmlEscaped("<script>\"&'</script>"), "&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;");
}

}  // namespace
}  // namespace vedette
