#include "detectors/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "detectors/finding_text.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

SettingNode Scalar(std::string text, bool quoted = false) {
  return {.kind = SettingNode::Kind::kScalar,
          .place = {7, 9},
          .scalar = std::move(text),
          .quoted = quoted};
}
SettingNode List(std::vector<SettingNode> items) {
  return {.kind = SettingNode::Kind::kList, .place = {7, 9}, .items = std::move(items)};
}
SettingNode Map(std::vector<SettingNode::Entry> entries) {
  return {.kind = SettingNode::Kind::kMap, .place = {3, 1}, .entries = std::move(entries)};
}
SettingNode Map(std::string key, SettingNode value) {
  return Map({{.key = std::move(key), .place = {7, 3}, .value = std::move(value)}});
}

// The one fault of reading `node` by `read`, or "".
template <typename Read>
std::string FaultOf(const SettingNode& node, Read read) {
  SettingLog log;
  Settings settings("part", &node, &log);
  read(settings);
  EXPECT_LE(log.faults.size(), 1U);
  return log.faults.empty() ? "" : log.faults.front().message;
}

TEST(FindingTextTest, FiguresReadAsAPersonWritesThem) {
  EXPECT_EQ(BytesText(999), "999 B");
  EXPECT_EQ(BytesText(2'000), "2 kB");
  EXPECT_EQ(BytesText(999'499), "999 kB");
  EXPECT_EQ(BytesText(999'500), "1 MB");
  EXPECT_EQ(BytesText(999'999'999), "1 GB");
  EXPECT_EQ(BytesText(UINT64_MAX), "18.4 EB");
  EXPECT_EQ(DurationText(2'980'000), "2.98 s");
  EXPECT_EQ(DurationText(119'999'999), "120 s");
  EXPECT_EQ(DurationText(uint64_t{48} * 3'600'000'000), "48 h");
  EXPECT_EQ(DurationText(uint64_t{2'000} * 3'600'000'000), "83.3 days");
  EXPECT_EQ(DurationText(uint64_t{12'000} * 86'400'000'000), "12,000 days");
}

TEST(Settings, AbsentKeysKeepTheirDefaultsAndAreDeclared) {
  SettingLog log;
  Settings settings("part", nullptr, &log);
  double rate = 2.5;
  uint32_t count = 7;
  bool on = true;
  std::string name = "x";
  settings.Number("rate", {.min = 0, .max = 10}, rate);
  settings.Integer("count", 1, 9, count);
  settings.Flag("on", on);
  settings.Text("name", name);
  settings.Finish();
  EXPECT_EQ(rate, 2.5);
  EXPECT_EQ(count, 7U);
  EXPECT_TRUE(on);
  EXPECT_EQ(name, "x");
  EXPECT_THAT(log.faults, IsEmpty());
  ASSERT_THAT(log.declarations, SizeIs(4));
  EXPECT_EQ(log.declarations[0].path, "part.rate");
  EXPECT_EQ(log.declarations[0].default_text, "2.5");
  EXPECT_EQ(log.declarations[0].range, "0 to 10");
  EXPECT_FALSE(log.declarations[0].present);
}

TEST(Settings, SetKeysAreReadAndDeclaredWithTheirPlace) {
  const SettingNode node = Map("rate", Scalar("1e3"));
  SettingLog log;
  Settings settings("part", &node, &log);
  double rate = 2;
  settings.Number("rate", {.min = 0, .max = 1e4}, rate);
  settings.Finish();
  EXPECT_EQ(rate, 1000);
  ASSERT_THAT(log.declarations, SizeIs(1));
  EXPECT_TRUE(log.declarations[0].present);
  EXPECT_EQ(log.declarations[0].value_text, "1000");
  EXPECT_EQ(log.declarations[0].default_text, "2");
  EXPECT_EQ(log.declarations[0].place.line, 7);
}

TEST(Settings, NumberRefusesWhatIsNone) {
  for (const char* text : {"", "ten", "nan", "inf", "1e999", "-1", "10.5", "0x10zz"}) {
    double rate = 3;
    const SettingNode node = Map("rate", Scalar(text));
    const std::string fault = FaultOf(node, [&rate](Settings& settings) {
      settings.Number("rate", {.min = 0, .max = 10}, rate);
    });
    EXPECT_THAT(fault, AllOf(HasSubstr("found"), HasSubstr("0 to 10"), HasSubstr("default 3")))
        << text;
    EXPECT_EQ(rate, 3) << text;
  }
}

TEST(Settings, NumberRefusesQuotedListAndMap) {
  for (const SettingNode& value : {Scalar("5", true), List({Scalar("5")}), Map("a", Scalar("5"))}) {
    double rate = 3;
    EXPECT_THAT(FaultOf(Map("rate", value),
                        [&rate](Settings& settings) { settings.Number("rate", {}, rate); }),
                HasSubstr("allowed a number"));
  }
}

TEST(Settings, IntegerTakesDigitsAlone) {
  for (const char* text :
       {"", " 5", "+5", "-5", "5.0", "5e0", "0x5", "18446744073709551616", "0"}) {
    uint64_t count = 3;
    EXPECT_THAT(
        FaultOf(Map("count", Scalar(text)),
                [&count](Settings& settings) { settings.Integer("count", uint64_t{1}, 9, count); }),
        HasSubstr("a whole number, 1 to 9"))
        << text;
    EXPECT_EQ(count, 3U);
  }
}

// 2^32 + 5 must not pass for 5.
TEST(Settings, NarrowIntegerIsCheckedBeforeItIsNarrowed) {
  uint32_t count = 3;
  EXPECT_THAT(FaultOf(Map("count", Scalar("4294967301")),
                      [&count](Settings& s) { s.Integer("count", 1, 4'294'967'295U, count); }),
              HasSubstr("found '4294967301'"));
  EXPECT_EQ(count, 3U);
}

TEST(Settings, FlagTakesTrueAndFalseAlone) {
  for (const char* text : {"yes", "no", "on", "off", "True", "1", ""}) {
    bool on = true;
    EXPECT_THAT(FaultOf(Map("on", Scalar(text)), [&on](Settings& s) { s.Flag("on", on); }),
                HasSubstr("allowed true or false"))
        << text;
    EXPECT_TRUE(on);
  }
  bool on = true;
  EXPECT_NE(FaultOf(Map("on", Scalar("false", true)), [&on](Settings& s) { s.Flag("on", on); }),
            "");
  EXPECT_EQ(FaultOf(Map("on", Scalar("false")), [&on](Settings& s) { s.Flag("on", on); }), "");
  EXPECT_FALSE(on);
}

TEST(Settings, ChoiceNamesAllAndTheNearest) {
  constexpr absl::string_view kAllowed[] = {"low", "medium", "high"};
  std::string severity = "low";
  EXPECT_THAT(FaultOf(Map("severity", Scalar("meduim")),
                      [&](Settings& s) { s.Choice("severity", kAllowed, severity); }),
              AllOf(HasSubstr("one of low, medium, high"), HasSubstr("did you mean 'medium'?")));
  EXPECT_EQ(severity, "low");
  EXPECT_EQ(FaultOf(Map("severity", Scalar("high")),
                    [&](Settings& s) { s.Choice("severity", kAllowed, severity); }),
            "");
  EXPECT_EQ(severity, "high");
}

TEST(Settings, UnknownKeysAreFaultsWithTheNearestKnown) {
  const SettingNode node = Map("unanswerd_per_second", Scalar("5"));
  SettingLog log;
  Settings settings("detectors.dos.syn_flood", &node, &log);
  double rate = 3;
  settings.Number("unanswered_per_second", {}, rate);
  settings.Finish();
  EXPECT_EQ(rate, 3);
  ASSERT_THAT(log.faults, SizeIs(1));
  EXPECT_EQ(log.faults[0].path, "detectors.dos.syn_flood.unanswerd_per_second");
  EXPECT_EQ(log.faults[0].place.column, 3);
  EXPECT_THAT(log.faults[0].message, HasSubstr("did you mean 'unanswered_per_second'?"));
}

TEST(Settings, NoHintWhereNothingIsNear) {
  const SettingNode node = Map("zebra", Scalar("5"));
  EXPECT_THAT(FaultOf(node,
                      [](Settings& settings) {
                        bool on = true;
                        settings.Flag("enabled", on);
                        settings.Finish();
                      }),
              AllOf(HasSubstr("known here: enabled"), Not(HasSubstr("did you mean"))));
}

TEST(Settings, FaultsShowNoControlCharacters) {
  const SettingNode node = Map("\x1b[2Jkey", Scalar("5"));
  SettingLog log;
  Settings settings("", &node, &log);
  double rate = 3;
  settings.Number("rate", {}, rate);
  settings.Finish();
  ASSERT_THAT(log.faults, SizeIs(1));
  EXPECT_THAT(log.faults[0].path, Not(HasSubstr("\x1b")));

  EXPECT_THAT(FaultOf(Map("rate", Scalar("\x1b]0;x\x07")),
                      [&rate](Settings& s) { s.Number("rate", {}, rate); }),
              AllOf(HasSubstr("\\033"), Not(HasSubstr("\x1b"))));
}

TEST(Settings, HostileNumberOfUnknownKeysIsCutShort) {
  std::vector<SettingNode::Entry> entries;
  for (int i = 0; i < 10'000; ++i) {
    entries.push_back({.key = "k" + std::to_string(i), .place = {1, 1}, .value = Scalar("1")});
  }
  const SettingNode node = Map(std::move(entries));
  SettingLog log;
  Settings settings("", &node, &log);
  settings.Finish();
  EXPECT_THAT(log.faults, SizeIs(100));
}

TEST(Settings, SectionOfCommentsAloneIsAllDefaults) {
  const SettingNode node = Map("tables", Scalar(""));
  EXPECT_EQ(FaultOf(node,
                    [](Settings& settings) {
                      uint32_t flows = 3;
                      Settings tables = settings.Section("tables");
                      tables.Integer("flows", 1, 9, flows);
                      tables.Finish();
                      settings.Finish();
                      EXPECT_EQ(flows, 3U);
                    }),
            "");
}

TEST(Settings, SectionThatIsNoMapIsAFault) {
  const SettingNode node = Map("tables", List({}));
  EXPECT_THAT(FaultOf(node, [](Settings& settings) { settings.Section("tables"); }),
              HasSubstr("found a list of 0, allowed a map"));
}

TEST(Settings, ListsAreTakenWholeOrNotAtAll) {
  std::vector<std::string> names = {"a"};
  EXPECT_THAT(FaultOf(Map("names", List({Scalar("b"), List({})})),
                      [&names](Settings& s) { s.TextList("names", names); }),
              HasSubstr("a text in each item"));
  EXPECT_THAT(names, ElementsAre("a"));
  EXPECT_EQ(FaultOf(Map("names", List({Scalar("b"), Scalar("c")})),
                    [&names](Settings& s) { s.TextList("names", names); }),
            "");
  EXPECT_THAT(names, ElementsAre("b", "c"));
}

TEST(Settings, PrefixesAreParsedAndAbsentDiffersFromEmpty) {
  std::vector<Prefix> home = HomeNetworks::Default().prefixes();
  const size_t defaults = home.size();
  ASSERT_GT(defaults, 0U);
  EXPECT_THAT(FaultOf(Map("home", List({Scalar("10.0.0.0/8"), Scalar("10.0.0.0/33")})),
                      [&home](Settings& s) { s.PrefixList("home", home); }),
              HasSubstr("found \"10.0.0.0/33\", allowed a length of 0 to 32"));
  EXPECT_EQ(home.size(), defaults);
  EXPECT_THAT(FaultOf(Map("home", List({Scalar("\x1b[2J")})),
                      [&home](Settings& s) { s.PrefixList("home", home); }),
              AllOf(HasSubstr("such as 192.168.0.0/16"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(
      FaultOf(Map("home", Scalar("")), [&home](Settings& s) { s.PrefixList("home", home); }),
      HasSubstr("[] for none"));
  EXPECT_EQ(FaultOf(Map("home", List({})), [&home](Settings& s) { s.PrefixList("home", home); }),
            "");
  EXPECT_THAT(home, IsEmpty());
}

TEST(Settings, ItemsOfAListOfMapsCarryTheirIndex) {
  const SettingNode node =
      Map("patterns", List({Map("name", Scalar("card")), Map("nane", Scalar("iban"))}));
  SettingLog log;
  Settings settings("", &node, &log);
  std::vector<std::string> names;
  for (Settings& item : settings.SectionList("patterns")) {
    std::string name = "none";
    item.Text("name", name);
    item.Finish();
    names.push_back(name);
  }
  settings.Finish();
  EXPECT_THAT(names, ElementsAre("card", "none"));
  ASSERT_THAT(log.faults, SizeIs(1));
  EXPECT_EQ(log.faults[0].path, "patterns[1].nane");
}

}  // namespace
}  // namespace vedette
