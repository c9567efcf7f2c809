// Content patterns: verifiers against naive ones, what must not match, and streams cut anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "dataplane/inspect/pattern_matcher.h"
#include "dataplane/inspect/pattern_verifiers.h"
#include "tests/dataplane/inspect/dns_writer.h"
#include "tests/dataplane/inspect/inspected.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// As a schoolbook has it: double every second digit from the right, add the digits of everything.
bool NaiveLuhn(const std::string& digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const int digit = digits[digits.size() - 1 - i] - '0';
    const std::string doubled = std::to_string(i % 2 == 1 ? digit * 2 : digit);
    for (const char c : doubled) sum += c - '0';
  }
  return sum % 10 == 0;
}

std::string RandomDigits(std::mt19937& random, size_t count) {
  std::string digits;
  for (size_t i = 0; i < count; ++i) digits += static_cast<char>('0' + random() % 10);
  return digits;
}

TEST(Luhn, AgreesWithANaiveSum) {
  constexpr unsigned kSeed = 20'260'404;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    const std::string number = "4" + RandomDigits(random, 15);
    EXPECT_EQ(!CardNumberAtEnd(number).empty(), NaiveLuhn(number)) << number;
  }
}

TEST(Luhn, IssuersLengthsAndSeparators) {
  EXPECT_EQ(CardNumberAtEnd("pay 4111 1111 1111 1111"), "4111 1111 1111 1111");
  EXPECT_EQ(CardNumberAtEnd("4111-1111-1111-1111"), "4111-1111-1111-1111");
  EXPECT_EQ(CardNumberAtEnd("378282246310005"), "378282246310005");
  EXPECT_EQ(CardNumberAtEnd("30569309025904"), "30569309025904");
  EXPECT_EQ(CardNumberAtEnd("2223003122003222"), "2223003122003222");
  EXPECT_EQ(CardNumberAtEnd("6011000990139424"), "6011000990139424");
  EXPECT_EQ(CardNumberAtEnd("3530111333300000"), "3530111333300000");
  EXPECT_EQ(CardNumberAtEnd("4111 1111 1111 1112"), "") << "wrong sum";
  EXPECT_EQ(CardNumberAtEnd("9111111111111119"), "") << "nobody issues 9";
  EXPECT_EQ(CardNumberAtEnd("x4111111111111111"), "") << "inside a word";
  EXPECT_EQ(CardNumberAtEnd("0.4111111111111111"), "") << "of a fraction";
  EXPECT_EQ(CardNumberAtEnd("4111  1111 1111 1111"), "") << "two blanks";
  EXPECT_EQ(CardNumberAtEnd("4000000000000002"), "") << "a counter";
  EXPECT_EQ(CardNumberAtEnd(""), "");
}

// Big-number remainder by long division over the rearranged decimal text.
bool NaiveIban(const std::string& iban) {
  const std::string moved = iban.substr(4) + iban.substr(0, 4);
  std::string decimal;
  for (const char c : moved) {
    decimal += c >= 'A' ? std::to_string(c - 'A' + 10) : std::string(1, c);
  }
  int rest = 0;
  for (const char c : decimal) rest = (rest * 10 + c - '0') % 97;
  return rest == 1;
}

TEST(Iban, AgreesWithANaiveRemainder) {
  constexpr unsigned kSeed = 20'260'405;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  int valid = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::string iban = "DE" + RandomDigits(random, 20);
    valid += NaiveIban(iban);
    EXPECT_EQ(!IbanAtEnd(iban).empty(), NaiveIban(iban)) << iban;
  }
  EXPECT_GT(valid, 100);
}

TEST(Iban, CountriesLengthsAndBlanks) {
  EXPECT_EQ(IbanAtEnd("to DE89 3704 0044 0532 0130 00"), "DE89 3704 0044 0532 0130 00");
  EXPECT_EQ(IbanAtEnd("GB82WEST12345698765432"), "GB82WEST12345698765432");
  EXPECT_EQ(IbanAtEnd("NO9386011117947"), "NO9386011117947");
  EXPECT_EQ(IbanAtEnd("MT84MALT011000012345MTLCAST001S"), "MT84MALT011000012345MTLCAST001S");
  EXPECT_EQ(IbanAtEnd("DE89370400440532013001"), "");
  EXPECT_EQ(IbanAtEnd("XX89370400440532013000"), "");
  EXPECT_EQ(IbanAtEnd("DE893704004405320130"), "") << "too short for its country";
}

struct Found {
  std::string pattern;
  uint64_t end;
  uint64_t digest;
  friend bool operator==(const Found&, const Found&) = default;
};

// The text in pieces of these sizes, again and again.
std::vector<Found> Scan(const std::string& text, std::vector<size_t> pieces) {
  PatternScanner scanner(TestPatterns(), KeyHash{7});
  PatternStream stream(*TestPatterns());
  std::vector<Found> found;
  const auto keep = [&found](const PatternScanner::Matches& matches) {
    for (size_t i = 0; i < matches.count; ++i) {
      const PatternMatch& match = matches.list[i];
      found.push_back(
          {TestPatterns()->patterns()[match.pattern].name, match.offset_bytes, match.digest.value});
    }
  };
  scanner.Begin(stream);
  for (size_t at = 0, i = 0; at < text.size(); ++i) {
    const size_t size = std::min(pieces[i % pieces.size()], text.size() - at);
    keep(scanner.Scan(stream, BytesOf(text).subspan(at, size)));
    at += size;
  }
  keep(scanner.End(stream));
  return found;
}
std::vector<std::string> NamesIn(const std::string& text) {
  std::vector<std::string> names;
  for (const Found& found : Scan(text, {text.size()})) names.push_back(found.pattern);
  return names;
}

const std::string kBase64 = "MIIEpAIBAAKCAQEAr5v9K2bW8mJ7x1c4Ztq0YlUe3fHn6sPdRgKoTiVhNwXyLjQB";

TEST(Patterns, WhatTheyFind) {
  EXPECT_THAT(NamesIn("n=5500005555555559&"), ElementsAre("card_number"));
  EXPECT_THAT(NamesIn("n=5500005555555559"), ElementsAre("card_number")) << "at the end";
  EXPECT_THAT(NamesIn("iban: GB82 WEST 1234 5698 7654 32."), ElementsAre("iban"));
  for (const char* kind : {"", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "}) {
    const std::string pem = absl::StrCat("-----BEGIN ", kind, "PRIVATE KEY-----\n", kBase64, "\n");
    EXPECT_THAT(NamesIn(pem), ::testing::Contains("private_key")) << kind;
  }
  EXPECT_THAT(NamesIn("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"),
              ElementsAre("aws_secret_key"));
}

TEST(Patterns, WhatTheyLeaveAlone) {
  EXPECT_THAT(NamesIn("-----BEGIN PUBLIC KEY-----\n" + kBase64 + "\n"), IsEmpty());
  EXPECT_THAT(NamesIn("-----BEGIN RSA PRIVATE KEY-----\n"), IsEmpty()) << "a heading is no key";
  EXPECT_THAT(NamesIn("2024-05-06 07:08:09.123456 1715000000123456"), IsEmpty());
  EXPECT_THAT(NamesIn("tel +49 30 1234 5678 9012, fax 030-1234-5678-9012"), IsEmpty());
  EXPECT_THAT(NamesIn("4111111111111111111111111111"), IsEmpty());
}

// Ordinary text full of digits. Nothing of it is a card; what a sum happens to fit is bounded by
// the settings (minimum 2 distinct), so a few in a hundred thousand would be too many.
TEST(Patterns, OrdinaryNumbersHardlyEverMatch) {
  constexpr unsigned kSeed = 20'260'406;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  std::string uuids, stamps, base64, hex, decimals;
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int64_t i = 0; i < 5'000; ++i) {
    const uint64_t a = random(), b = random();
    absl::StrAppendFormat(&uuids, "%08x-%04x-%04x-%04x-%012x\n", a >> 32, a >> 16 & 0xffff,
                          a & 0xffff, b >> 48, b & 0xffffffffffff);
    absl::StrAppendFormat(&stamps, "%d,%d\n", 1'700'000'000'000 + i * 977,
                          1'700'000'000'000'000 + i * 977'123);
    absl::StrAppendFormat(&hex, "%016x%016x\n", a, b);
    absl::StrAppendFormat(&decimals, "%.15f %.15f\n", static_cast<double>(a) / 1e20,
                          static_cast<double>(b) / 1e20);
    for (int c = 0; c < 76; ++c) base64 += kAlphabet[random() % 64];
    base64 += '\n';
  }
  EXPECT_THAT(NamesIn(uuids), IsEmpty());
  EXPECT_THAT(NamesIn(stamps), IsEmpty());
  EXPECT_THAT(NamesIn(base64), IsEmpty());
  EXPECT_THAT(NamesIn(hex), IsEmpty());
  EXPECT_THAT(NamesIn(decimals), IsEmpty());
}

TEST(Patterns, PiecesOfAnySizeFindTheSame) {
  const std::string text =
      "card=4111 1111 1111 1111;5500005555555559 iban DE89370400440532013000 GB82 WEST 1234 5698 "
      "7654 32\n-----BEGIN EC PRIVATE KEY-----\r\n" +
      kBase64 + "\r\n{\"type\": \"service_account\", \"id\": 1, \"private_key\": \"x\"} end";
  const std::vector<Found> whole = Scan(text, {text.size()});
  ASSERT_THAT(whole, SizeIs(6));
  for (size_t first = 1; first < text.size(); ++first) {
    EXPECT_EQ(Scan(text, {first, text.size()}), whole) << "cut at " << first;
  }
  EXPECT_EQ(Scan(text, {1}), whole);
  EXPECT_EQ(Scan(text, {3, 1, 7}), whole);
}

TEST(Patterns, AStreamBegunAgainForgets) {
  PatternScanner scanner(TestPatterns(), KeyHash{7});
  PatternStream stream(*TestPatterns());
  scanner.Begin(stream);
  EXPECT_EQ(scanner.Scan(stream, BytesOf("4111 1111 ")).count, 0U);
  scanner.Begin(stream);
  EXPECT_EQ(scanner.Scan(stream, BytesOf("1111 1111 ")).count, 0U);
  EXPECT_EQ(scanner.End(stream).count, 0U);
}

TEST(Patterns, MoreMatchesThanAreReportedAreDropped) {
  std::string text;
  std::mt19937 random(1);
  for (int found = 0; found < 40;) {
    const std::string number = "4" + RandomDigits(random, 15);
    if (CardNumberAtEnd(number).empty()) continue;
    ++found;
    text += number + "\n";
  }
  EXPECT_THAT(Scan(text, {text.size()}), SizeIs(PatternScanner::kMatchesMax));
  EXPECT_THAT(Scan(text, {64}), SizeIs(40));
}

TEST(Patterns, FaultsNameEveryPatternThatDoesNotCompile) {
  const auto database =
      PatternDatabase::Create({{.name = "one", .expression = "("},
                               {.name = "two", .expression = "[a-"},
                               {.name = "off", .expression = "(", .enabled = false}});
  ASSERT_FALSE(database.ok());
  EXPECT_THAT(std::string(database.status().message()), HasSubstr("pattern one: "));
  EXPECT_THAT(std::string(database.status().message()), HasSubstr("pattern two: "));
  const auto none = PatternDatabase::Create({});
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE((*none)->empty());
  PatternScanner scanner(*none, KeyHash{1});
  PatternStream stream(**none);
  scanner.Begin(stream);
  EXPECT_EQ(scanner.Scan(stream, BytesOf("4111111111111111 ")).count, 0U);
}

}  // namespace
}  // namespace vedette
