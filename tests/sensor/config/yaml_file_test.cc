#include "sensor/config/yaml_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// "line:column: message" of the first fault, or "".
std::string FirstFault(absl::string_view text) {
  const YamlFile file = ParseYaml(text);
  if (file.faults.empty()) return "";
  const SettingFault& fault = file.faults.front();
  return absl::StrCat(fault.place.line, ":", fault.place.column, ": ", fault.message);
}

TEST(YamlFile, TreeHasPlaces) {
  const YamlFile file = ParseYaml("a: 1\nb:\n  - x\n  - \"y\"\nc: {d: e}\n");
  ASSERT_THAT(file.faults, IsEmpty());
  ASSERT_EQ(file.root.kind, SettingNode::Kind::kMap);
  ASSERT_THAT(file.root.entries, SizeIs(3));
  const SettingNode& list = file.root.entries[1].value;
  ASSERT_THAT(list.items, SizeIs(2));
  EXPECT_EQ(list.items[0].scalar, "x");
  EXPECT_FALSE(list.items[0].quoted);
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_EQ(list.items[1].place.line, 4);
  EXPECT_EQ(list.items[1].place.column, 5);
  EXPECT_EQ(file.root.entries[2].value.entries[0].value.scalar, "e");
  EXPECT_EQ(file.root.entries[2].place.line, 5);
}

TEST(YamlFile, EmptyFilesAreAbsent) {
  for (const char* text : {"", "\n", "# nothing\n", "---\n"}) {
    const YamlFile file = ParseYaml(text);
    EXPECT_THAT(file.faults, IsEmpty()) << text;
    EXPECT_TRUE(file.root.scalar.empty() && file.root.entries.empty()) << text;
  }
}

TEST(YamlFile, RefusesWithPlace) {
  EXPECT_THAT(FirstFault("a: 1\nb: 2\na: 3\n"), HasSubstr("3:1: the key 'a' stands here twice"));
  EXPECT_THAT(FirstFault("a: 1\nb: 2\na: 3\n"), HasSubstr("first in line 1"));
  EXPECT_THAT(FirstFault("a: &x 1\n"), HasSubstr("an anchor"));
  EXPECT_THAT(FirstFault("a: &x 1\nb: *x\n"), HasSubstr("an anchor"));
  EXPECT_THAT(FirstFault("a: !!str 1\n"), HasSubstr("the tag"));
  EXPECT_THAT(FirstFault("a: 1\n---\nb: 2\n"), HasSubstr("a second document"));
  EXPECT_THAT(FirstFault("a:\n\tb: 1\n"), HasSubstr("2:1: a tab in the indentation"));
  EXPECT_THAT(FirstFault("a: \"\xff\"\n"), HasSubstr("1:5: the file is not UTF-8 here"));
  EXPECT_THAT(FirstFault("a: \xed\xa0\x80\n"), HasSubstr("not UTF-8"));  // a surrogate
  EXPECT_THAT(FirstFault("a: \xc0\xaf\n"), HasSubstr("not UTF-8"));      // overlong
  EXPECT_THAT(FirstFault("a: \x1b[2J\n"), HasSubstr("1:4: a control character"));
  EXPECT_THAT(FirstFault("? [a, b]\n: c\n"), HasSubstr("a key must be a text"));
  EXPECT_THAT(FirstFault("a: [1, 2\n"), HasSubstr("not YAML"));
  EXPECT_THAT(FirstFault(",]"), HasSubstr("a second document"));  // once read for ever
}

TEST(YamlFile, QuotesCloseInTheirLine) {
  EXPECT_THAT(FirstFault("a: \"x\nb: 1\n"), HasSubstr("1:4: a quote is opened here"));
  EXPECT_THAT(FirstFault("a: 'x\nb: '1'\n"), HasSubstr("1:4: a quote is opened here"));
  EXPECT_EQ(FirstFault("\xef\xbb\xbf"
                       "a: 'it''s'\nb: \"\\\"\"\n\"c\": \"\xc3\xa9\"\nd: 'x'\n"),
            "");
}

TEST(YamlFile, EveryDuplicateIsNamed) {
  EXPECT_THAT(ParseYaml("a: 1\na: 2\nb: {c: 1, c: 2}\n").faults, SizeIs(2));
}

// "Billion laughs": nothing is expanded.
TEST(YamlFile, AliasesAreNotExpanded) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const char before = static_cast<char>(c - 1);
    absl::StrAppend(&text, std::string(1, c), ": &", std::string(1, c), " [");
    for (int i = 0; i < 9; ++i) {
      absl::StrAppend(&text, i == 0 ? "*" : ", *", std::string(1, before));
    }
    absl::StrAppend(&text, "]\n");
  }
  EXPECT_THAT(FirstFault(text), HasSubstr("an anchor"));
}

TEST(YamlFile, DepthIsBounded) {
  std::string shallow = "x", deep = "x";
  for (size_t i = 0; i < kYamlDepthMax - 1; ++i) shallow = absl::StrCat("[", shallow, "]");
  EXPECT_EQ(FirstFault(absl::StrCat("a: ", shallow)), "");
  EXPECT_THAT(FirstFault(absl::StrCat("a: [", shallow, "]")), HasSubstr("nested deeper"));
  EXPECT_NE(FirstFault(std::string(100'000, '[')), "");
  EXPECT_NE(FirstFault(std::string(100'000, '{')), "");
}

TEST(YamlFile, NamesTheFileInFaults) {
  const SettingFault fault{{.line = 3, .column = 5}, "tables.flows", "found 'x'"};
  EXPECT_EQ(FaultText("v.yaml", fault), "v.yaml:3:5: tables.flows: found 'x'");
}

TEST(YamlFile, BrokenFilesNeverThrow) {
  const std::string good = "a: 1\nb:\n  - {c: \"d\", e: [f, g]}\nh: |\n  text\n# end\n";
  std::mt19937 random(20'000);
  for (int round = 0; round < 5'000; ++round) {
    std::string text = good.substr(0, random() % (good.size() + 1));
    for (size_t flips = random() % 4; flips > 0 && !text.empty(); --flips) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    ParseYaml(text);
  }
}

TEST(ReadTextFile, SaysWhyNot) {
  EXPECT_EQ(ReadTextFile("/nonexistent/v.yaml").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadTextFile(::testing::TempDir()).status().message()),
              HasSubstr("is a directory"));
  const std::string path = absl::StrCat(::testing::TempDir(), "/vedette_large.yaml");
  std::ofstream(path) << std::string(kYamlBytesMax + 1, '#');
  EXPECT_THAT(std::string(ReadTextFile(path).status().message()), HasSubstr("larger than"));
  std::filesystem::resize_file(path, kYamlBytesMax);
  EXPECT_TRUE(ReadTextFile(path).ok());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace vedette
