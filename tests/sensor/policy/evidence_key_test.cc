#include "sensor/policy/evidence_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/detectors/conversations.h"

namespace vedette {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string PathOf(const std::string& name) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name, "_", getpid());
  unlink(path.c_str());
  return path;
}

std::string Written(const std::string& name, const std::string& text) {
  const std::string path = PathOf(name);
  std::ofstream(path) << text;
  chmod(path.c_str(), 0600);
  return path;
}

TEST(EvidenceKey, IsMadeOnceForItsOwnerAlone) {
  const std::string path = PathOf("made.key");
  EXPECT_EQ(ReadEvidenceKey(path, WhenNoKey::kFail).status().code(), absl::StatusCode::kNotFound);
  const auto made = ReadEvidenceKey(path, WhenNoKey::kMakeOne);
  ASSERT_TRUE(made.ok()) << made.status();
  struct stat found {};
  ASSERT_EQ(stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  const auto again = ReadEvidenceKey(path, WhenNoKey::kMakeOne);
  EXPECT_EQ(again->HmacOf("a", 1), made->HmacOf("a", 1));
  EXPECT_EQ(again->content_secret(), made->content_secret());
  const auto other = ReadEvidenceKey(PathOf("other.key"), WhenNoKey::kMakeOne);
  EXPECT_NE(other->HmacOf("a", 1), made->HmacOf("a", 1));
  unlink(path.c_str());
  unlink(PathOf("other.key").c_str());
}

// RFC 4231 has no case for these texts: python3 -c 'import hmac; ...' made the figure.
TEST(EvidenceKey, IsHmacSha256CutTo64Bits) {
  const EvidenceKey key(std::string(32, 'k'));
  EXPECT_EQ(absl::StrCat(absl::Hex(key.HmacOf("card_number", 0x1234))), "9a69086d2c4e91ab");
}

TEST(EvidenceKey, OneThatOthersMayReadOrThatIsShortIsRefused) {
  const std::string path = Written("open.key", std::string(64, 'a'));
  chmod(path.c_str(), 0644);
  EXPECT_THAT(std::string(ReadEvidenceKey(path, WhenNoKey::kMakeOne).status().message()),
              HasSubstr("any user may read it"));
  const std::string brief = Written("short.key", "secret");
  EXPECT_THAT(std::string(ReadEvidenceKey(brief, WhenNoKey::kMakeOne).status().message()),
              HasSubstr("found 6 characters, allowed at least 32"));
  unlink(path.c_str());
  unlink(brief.c_str());
}

std::string HmacsOf(const SensorConfig& config, const std::string& cards, const char* device) {
  Traffic traffic;
  Connection(traffic, device, "203.0.113.9", 40'000, 80, kStartUs).Open().Say(cards).Close();
  const std::vector<AlertEvent> alerts =
      AlertsOf(Replayed(traffic, config), "exfil.sensitive_content");
  EXPECT_THAT(alerts, SizeIs(1));
  if (alerts.empty()) return "none";
  const auto& detail = alerts[0].evidence.detail;
  const auto at = detail.find("hmacs");
  return at == detail.end() ? "" : at->second;
}

constexpr char kCards[] =
    "a=4111111111111111&x=1\nb=5555 5555 5555 4444&x=2\nc=3782-822463-10005&x=3\n";

TEST(EvidenceKey, EvidenceTellsEqualMatchesFromOthers) {
  const std::string path = Written("sensor.key", std::string(32, 'k'));
  SensorConfig config;
  config.evidence_key_file = path;
  const std::string hmacs = HmacsOf(config, kCards, "192.168.1.20");
  EXPECT_THAT(hmacs, SizeIs(3 * 16 + 2));
  // The same cards from another device, however they are written.
  EXPECT_EQ(HmacsOf(config, "a=4111-1111-1111-1111&\nb=5555555555554444&\nc=378282246310005&\n",
                    "192.168.1.77"),
            hmacs);
  // Nor do other patterns change them.
  std::erase_if(config.patterns,
                [](const PatternDefinition& p) { return p.name != "card_number"; });
  EXPECT_EQ(HmacsOf(config, kCards, "192.168.1.20"), hmacs);
  Written("sensor.key", std::string(32, 'l'));
  EXPECT_NE(HmacsOf({.evidence_key_file = path}, kCards, "192.168.1.20"), hmacs);
  unlink(path.c_str());
}

TEST(EvidenceKey, WithoutAKeyThereIsNone) { EXPECT_EQ(HmacsOf({}, kCards, "192.168.1.20"), ""); }

}  // namespace
}  // namespace vedette
