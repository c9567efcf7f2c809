// DNS messages, right, cut at every byte, and wrong in every way that has a name.
#include "dataplane/inspect/dns_message.h"

#include <gtest/gtest.h>

#include "tests/dataplane/inspect/dns_writer.h"
#include "tests/packet_builder.h"

namespace vedette {
namespace {

const std::string kOwner = WireName("host.example");
const std::string kAtOwner = Pointer(12);

DnsView Parsed(const std::string& message, bool whole = true) {
  DnsView view;
  ParseDns(BytesOf(message), whole, view);
  return view;
}
std::string TextOf(const DnsName& name) { return {name.text.data(), name.length}; }
absl::string_view StatusOf(const std::string& message) {
  return Describe(Parsed(message).status).wire_name;
}

TEST(Dns, AnAnswerIsReadWhole) {
  const DnsView view =
      Parsed(DnsWriter(0x8583, 77)
                 .Question(WireName("WWW.Example.COM"), 28)
                 .Answer(Pointer(12), 5, WireName("alias.example.com"))
                 .Answer(WireName("alias.example.com"), 28, std::string(15, '\0') + "\1")
                 .Record(2, WireName(""), 2, 1, WireName("ns.example.com"))
                 .Record(3, WireName(""), 41, 1232, "")
                 .Build());
  EXPECT_EQ(view.status, DecodeStatus::kOk) << Describe(view.status).wire_name;
  EXPECT_TRUE(view.is_response);
  EXPECT_EQ(view.id, 77);
  EXPECT_EQ(view.response_code, 3);
  EXPECT_EQ(TextOf(view.question), "www.example.com");
  EXPECT_EQ(view.question.labels, 3);
  EXPECT_EQ(view.question_type, 28);
  EXPECT_EQ(view.answers, 2);
  EXPECT_EQ(view.answer_type, 5);
  EXPECT_EQ(view.answer_bytes, 19U + 16U);
  ASSERT_TRUE(view.has_address);
  EXPECT_EQ(TextOf(view.owner), "alias.example.com");
  EXPECT_EQ(view.address, Ip("::1"));
}

TEST(Dns, BytesOfLabelsAreKeptAsTheyAre) {
  const std::string hostile = std::string("\x0b<script>\x1b[m", 12) + '\0';
  const DnsView view = Parsed(DnsWriter(DnsWriter::kQuery).Question(hostile, 1).Build());
  EXPECT_EQ(TextOf(view.question), "<script>\x1b[m");
}

// The message as it is, then every shorter one: cut by the sender it is irregular, cut by us not.
TEST(Dns, EveryTruncation) {
  const std::string message = DnsWriter()
                                  .Question(kOwner, 1)
                                  .Answer(kAtOwner, 1, "\x0a\1\2\3")
                                  .Answer(kAtOwner, 15, Be16(10) + Pointer(17))
                                  .Record(3, kOwner, 16, 1, "\4text")
                                  .Build();
  ASSERT_EQ(Parsed(message).status, DecodeStatus::kOk);
  for (size_t cut = 0; cut < message.size(); ++cut) {
    SCOPED_TRACE(cut);
    const std::string part = message.substr(0, cut);
    EXPECT_EQ(Parsed(part, /*whole=*/false).status, DecodeStatus::kOk);
    const DecodeStatus status = Parsed(part).status;
    EXPECT_EQ(status, cut < 12                                ? DecodeStatus::kDnsTruncatedHeader
                      : status == DecodeStatus::kDnsBadCounts ? DecodeStatus::kDnsBadCounts
                                                              : DecodeStatus::kDnsTruncated);
    EXPECT_EQ(Parsed(part, false).has_question, cut >= 12 + kOwner.size() + 4);
  }
}

TEST(Dns, PointersThatDoNotLeadBack) {
  const auto question = [](const std::string& name) {
    return StatusOf(DnsWriter(DnsWriter::kQuery).Question(name, 1).Build());
  };
  EXPECT_EQ(question(Pointer(12)), "dns.pointer_loop") << "at itself";
  EXPECT_EQ(question("\1a" + Pointer(12)), "dns.pointer_loop") << "at its own name";
  EXPECT_EQ(question(Pointer(14)), "dns.pointer_forward");
  EXPECT_EQ(question(Pointer(0x3fff)), "dns.pointer_forward");
  EXPECT_EQ(question("\x40" + std::string(64, 'x')), "dns.bad_label");
  EXPECT_EQ(question("\x80x"), "dns.bad_label");
  // Two names that point at each other.
  EXPECT_EQ(StatusOf(DnsWriter()
                         .Question("\1a" + Pointer(20), 1)
                         .Answer("\1b" + Pointer(12), 1, "\1\2\3\4")
                         .Build()),
            "dns.pointer_forward");
}

// Each pointer leads back, but the way is long; without a bound every record would walk it.
TEST(Dns, AChainOfPointersIsNotFollowedForEver) {
  constexpr size_t kDataAt = 12 + 7 + 11;  // behind a question and an answer's head
  std::string chain = WireName("");
  for (size_t i = 0; i < 200; ++i) chain += Pointer(i == 0 ? kDataAt : kDataAt + 1 + 2 * (i - 1));
  const auto with_name_behind = [&chain](size_t links) {
    return DnsWriter()
        .Question(WireName("q"), 1)
        .Answer(WireName(""), 10, chain)
        .Answer(Pointer(kDataAt + 1 + 2 * (links - 1)), 1, "\1\2\3\4")
        .Build();
  };
  EXPECT_EQ(StatusOf(with_name_behind(100)), "ok");
  EXPECT_EQ(StatusOf(with_name_behind(200)), "dns.pointer_loop");
}

TEST(Dns, NamesUpTo255Bytes) {
  std::string longest;
  for (int i = 0; i < 3; ++i) longest += std::string(63, 'a') + ".";
  const auto query = [](const std::string& name) {
    return Parsed(DnsWriter(DnsWriter::kQuery).Question(WireName(name), 1).Build());
  };
  const DnsView fits = query(longest + std::string(61, 'b'));
  EXPECT_EQ(fits.status, DecodeStatus::kOk);
  EXPECT_EQ(fits.question.length, 253);
  EXPECT_EQ(query(longest + std::string(62, 'b')).status, DecodeStatus::kDnsNameTooLong);
}

TEST(Dns, HeadersThatCannotBe) {
  EXPECT_EQ(StatusOf(DnsWriter(0x1800).Question(kOwner, 1).Build()), "dns.bad_opcode");
  EXPECT_EQ(StatusOf(DnsWriter(0x7800).Build()), "dns.bad_opcode");
  EXPECT_EQ(StatusOf(DnsWriter(0x8140).Question(kOwner, 1).Build()), "dns.reserved_bit");
  EXPECT_EQ(StatusOf(DnsWriter().Question(kOwner, 1).Count(1, 9).Build()), "dns.bad_counts");
  EXPECT_EQ(StatusOf(DnsWriter().Question(kOwner, 1).Raw("x").Build()), "dns.trailing_data");
}

struct RecordData {
  uint16_t type;
  std::string data;
  const char* status;
};

TEST(Dns, RecordDataMustFitTheirType) {
  const std::string name = WireName("a.b");
  const std::string twenty(20, 'x');
  const std::string signature = std::string(18, '\1') + name;
  const char* const kBad = "dns.bad_record_length";
  const RecordData cases[] = {
      {1, "\1\2\3\4", "ok"},
      {1, "\1\2\3", kBad},
      {1, "", kBad},
      {28, std::string(16, 'x'), "ok"},
      {28, "\1\2\3\4", kBad},
      {2, name, "ok"},
      {2, name + "x", kBad},
      {5, "\3ab", kBad},
      {5, kAtOwner, "ok"},
      {12, Pointer(0x2000), "dns.pointer_forward"},
      {6, name + name + twenty, "ok"},
      {6, name + name + twenty.substr(1), kBad},
      {13, "\1a\1b", "ok"},
      {13, "\1a\5b", kBad},
      {15, Be16(1) + name, "ok"},
      {15, "\1", kBad},
      {16, "\3abc\1d", "ok"},
      {16, "\3abc\2d", kBad},
      {16, "", kBad},
      {29, std::string(16, '\0'), "ok"},
      {29, std::string(15, '\0'), kBad},
      {29, "\1any", "ok"},
      {33, Be16(1) + Be16(2) + Be16(53) + name, "ok"},
      {33, Be16(1) + Be16(2), kBad},
      {35, Be32(1) + "\1S\3abc" + std::string(1, '\0') + name, "ok"},
      {35, Be32(1) + "\1S\3abc", kBad},
      {41, Be16(10) + Be16(8) + "12345678", "ok"},
      {41, Be16(10) + Be16(9) + "123456789", "dns.bad_option"},
      {41, Be16(12) + Be16(3) + "ab", "dns.bad_option"},
      {43, Be16(1) + "\x08\1" + twenty, "ok"},
      {43, Be16(1) + "\x08\2" + twenty, kBad},
      {44, "\1\1" + twenty, "ok"},
      {44, "\1\2" + twenty, kBad},
      {46, signature + "sig", "ok"},
      {46, signature, kBad},
      {47, name + std::string("\0\1\x40", 3), "ok"},
      {47, name + std::string("\0\0", 2), kBad},
      {47, name + std::string("\1\1x\0\1x", 6), kBad},
      {48, "\1\1\3\x08key", "ok"},
      {48, "\1\1\3\x08", kBad},
      {50, std::string("\1\0\0\5\2ab\2cd\0\1\x40", 13), "ok"},
      {50,
       std::string("\1\0\0\5\x09"
                   "ab",
                   7),
       kBad},
      {64, Be16(1) + std::string(1, '\0') + Be16(1) + Be16(6) + "\2h2\2h3", "ok"},
      {64, Be16(1) + std::string(1, '\0') + Be16(1) + Be16(6) + "\2h2\x08h3", kBad},
      {65, Be16(1) + name + Be16(3) + Be16(2) + Be16(443), "ok"},
      {65, Be16(1) + name + Be16(3) + Be16(3) + "\1\1\1", kBad},
      {65, Be16(1) + name + Be16(4) + Be16(6) + "\1\2\3\4\5\6", kBad},
      {65, Be16(1) + name + Be16(3) + Be16(2) + Be16(443) + Be16(2) + Be16(0), kBad},
      {65, Be16(1) + name + Be16(5) + Be16(9) + "ech", kBad},
      {99, "\2ab", "ok"},
      {256, Be32(1) + "https:", "ok"},
      {257, std::string("\0\5issueca.example", 17), "ok"},
      {257, std::string("\0\x09issue", 7), kBad},
      {257, std::string("\0\0x", 3), kBad},
      {65'280, "anything", "ok"},
  };
  for (const RecordData& record : cases) {
    const std::string message =
        DnsWriter()
            .Question(kOwner, record.type)
            .Record(record.type == 41 ? 3 : 1, WireName(""), record.type, 1, record.data)
            .Build();
    EXPECT_EQ(StatusOf(message), record.status)
        << "type " << record.type << ", " << record.data.size() << " bytes";
  }
}

TEST(Dns, UpdatesDeleteWithRecordsWithoutData) {
  EXPECT_EQ(StatusOf(DnsWriter(0x2800).Question(kOwner, 6).Record(2, kAtOwner, 1, 255, "").Build()),
            "ok");
}

}  // namespace
}  // namespace vedette
