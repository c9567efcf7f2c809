#include "sensor/config/pattern_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "sensor/config/yaml_file.h"

namespace vedette {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(PatternFile, ReadsEveryField) {
  const PatternReading reading = ReadPatternText(
      "patterns:\n"
      "  - name: project_name\n    expression: 'Nightingale-[0-9]{4}'\n    severity: critical\n"
      "    minimum: 3\n    enabled: false\n"
      "  - name: number\n    expression: '[0-9]{16}'\n    verifier: luhn\n");
  ASSERT_THAT(reading.faults, IsEmpty());
  ASSERT_THAT(reading.patterns, SizeIs(2));
  EXPECT_EQ(reading.patterns[0].name, "project_name");
  EXPECT_EQ(reading.patterns[0].expression, "Nightingale-[0-9]{4}");
  EXPECT_EQ(reading.patterns[0].verifier, PatternVerifier::kNone);
  EXPECT_EQ(reading.patterns[0].severity, "critical");
  EXPECT_EQ(reading.patterns[0].minimum, 3U);
  EXPECT_FALSE(reading.patterns[0].enabled);
  EXPECT_EQ(reading.patterns[1].verifier, PatternVerifier::kLuhn);
  EXPECT_TRUE(reading.patterns[1].enabled);
}

TEST(PatternFile, FaultsHaveTheirPlace) {
  const PatternReading reading = ReadPatternText(
      "patterns:\n"
      "  - name: Bad Name\n    expression: 'a(b'\n"
      "  - name: one\n    expression: abc\n"
      "  - name: one\n    expression: abd\n    verifier: lun\n"
      "  - name: two\n");
  ASSERT_THAT(reading.faults, SizeIs(5));
  EXPECT_THAT(FaultText("p", reading.faults[0]), HasSubstr("p:2:11: patterns[0].name: allowed"));
  EXPECT_THAT(FaultText("p", reading.faults[1]), HasSubstr("p:3:17: patterns[0].expression: "));
  EXPECT_THAT(FaultText("p", reading.faults[2]), HasSubstr("did you mean 'luhn'?"));
  EXPECT_THAT(FaultText("p", reading.faults[3]), HasSubstr("p:6:11: patterns[2].name: stands"));
  EXPECT_THAT(FaultText("p", reading.faults[4]),
              HasSubstr("patterns[3].expression: found nothing"));
}

// A pattern that is switched off is still compiled: switching it on must not be a surprise.
TEST(PatternFile, PatternsThatAreOffAreCompiledToo) {
  EXPECT_THAT(
      ReadPatternText("patterns:\n  - {name: x, expression: 'a(b', enabled: false}\n").faults,
      SizeIs(1));
}

TEST(PatternFile, TooManyAreRefused) {
  std::string text = "patterns:\n";
  for (int i = 0; i < 1'025; ++i) absl::StrAppend(&text, "  - {name: p", i, ", expression: abc}\n");
  const PatternReading reading = ReadPatternText(text);
  ASSERT_THAT(reading.faults, SizeIs(1));
  EXPECT_THAT(reading.faults[0].message, HasSubstr("found 1025, allowed 1024"));
}

// conf/patterns.yaml is what people copy: it must say what the program does without it.
TEST(ShippedPatterns, EqualTheBuiltInOnes) {
  const absl::StatusOr<PatternReading> reading = ReadPatternFile(SOURCE_ROOT "/conf/patterns.yaml");
  ASSERT_TRUE(reading.ok()) << reading.status();
  for (const SettingFault& fault : reading->faults) ADD_FAILURE() << FaultText("patterns", fault);
  const std::vector<PatternDefinition> built_in = BuiltInPatterns();
  ASSERT_EQ(reading->patterns.size(), built_in.size());
  ASSERT_GT(built_in.size(), 0U);
  for (size_t i = 0; i < built_in.size(); ++i) {
    const PatternDefinition& read = reading->patterns[i];
    EXPECT_EQ(read.name, built_in[i].name);
    EXPECT_EQ(read.expression, built_in[i].expression) << read.name;
    EXPECT_EQ(read.verifier, built_in[i].verifier) << read.name;
    EXPECT_EQ(read.severity, built_in[i].severity) << read.name;
    EXPECT_EQ(read.minimum, built_in[i].minimum) << read.name;
    EXPECT_EQ(read.enabled, built_in[i].enabled) << read.name;
  }
}

}  // namespace
}  // namespace vedette
