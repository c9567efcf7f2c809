// What an inspector finds in flows: messages and names over segment borders, content whatever the
// order of its segments, and nothing kept of what matched.
#include "dataplane/inspect/inspector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dataplane/inspect/dns_writer.h"
#include "tests/dataplane/inspect/inspected.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Query(const std::string& name) {
  return DnsWriter(DnsWriter::kQuery).Question(WireName(name), 1).Build();
}
std::string Prefixed(const std::string& message) { return Be16(message.size()) + message; }

std::vector<std::string> NamesOf(std::span<const DnsMessage> messages) {
  std::vector<std::string> names;
  for (const DnsMessage& m : messages) names.emplace_back(m.name.data(), m.name_length);
  return names;
}

TEST(DnsOverTcp, MessagesAreReadWhereverSegmentsEnd) {
  const std::string stream = Prefixed(Query("one.example")) + Prefixed(Query("two.example"));
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    Inspected inspected(53);
    inspected.Client(0, stream.substr(0, cut)).Client(cut, stream.substr(cut));
    EXPECT_THAT(NamesOf(inspected.dns()), ElementsAre("one.example", "two.example")) << cut;
    EXPECT_THAT(inspected.Irregularities(), IsEmpty()) << cut;
    EXPECT_EQ(inspected.client_counters().dns_queries, 2U);
  }
}

TEST(DnsOverTcp, BothSidesAreRead) {
  Inspected inspected(53);
  inspected.Client(0, Prefixed(Query("a.example")));
  inspected.Server(0, Prefixed(DnsWriter(0x8183).Question(WireName("a.example"), 1).Build()));
  ASSERT_THAT(inspected.dns(), SizeIs(2));
  EXPECT_TRUE(inspected.dns()[1].is_response);
  EXPECT_EQ(inspected.client_counters().dns_nxdomain, 1U);
}

TEST(DnsOverTcp, SegmentsOutOfOrderAndAgainAreReadOnce) {
  const std::string stream = Prefixed(Query("one.example")) + Prefixed(Query("two.example"));
  Inspected inspected(53);
  inspected.Client(0, stream.substr(0, 5)).Client(20, stream.substr(20));
  inspected.Client(0, stream.substr(0, 5)).Client(5, stream.substr(5, 15));
  inspected.Client(5, stream.substr(5, 15)).Client(20, stream.substr(20));
  EXPECT_THAT(NamesOf(inspected.dns()), ElementsAre("one.example", "two.example"));
  EXPECT_THAT(inspected.Irregularities(), IsEmpty());
}

TEST(DnsOverTcp, AMessageLongerThanIsKeptIsReadAsFarAsItGoes) {
  const std::string large = DnsWriter()
                                .Question(WireName("zone.example"), 252)
                                .Answer(WireName(""), 65'280, std::string(9'000, 'z'))
                                .Build();
  const std::string stream = Prefixed(large) + Prefixed(Query("behind.example"));
  Inspected inspected(53);
  for (size_t at = 0; at < stream.size(); at += 1'400) {
    inspected.Client(at, stream.substr(at, 1'400));
  }
  EXPECT_THAT(NamesOf(inspected.dns()), ElementsAre("zone.example", "behind.example"));
  EXPECT_THAT(inspected.Irregularities(), IsEmpty());
}

TEST(DnsOverTcp, WhereNobodyKnowsWhereAMessageBeginsNothingIsBlamed) {
  Inspected inspected(53);
  inspected.flow().state = FlowState::kMidstream;
  inspected.Client(0, "the middle of something");
  EXPECT_THAT(inspected.dns(), IsEmpty());
  EXPECT_THAT(inspected.Irregularities(), IsEmpty());
}

TEST(DnsOverTcp, AMalformedMessageIsNoted) {
  const std::string bad =
      DnsWriter().Question(WireName("a"), 1).Answer(Pointer(12), 1, "\1\2").Build();
  Inspected inspected(53);
  inspected.Client(0, Prefixed(bad));
  EXPECT_THAT(inspected.Irregularities(), ElementsAre("dns.bad_record_length"));
}

TEST(DnsOverUdp, WhatIsWrongIsNotedOncePerMessage) {
  Inspected inspected(53, /*tcp=*/false);
  inspected.Datagram(true, Query("fine.example")).Datagram(true, "short");
  inspected.Datagram(true, Query("cut.example").substr(0, 20));
  EXPECT_THAT(inspected.Irregularities(), ElementsAre("dns.truncated_header", "dns.truncated"));
  EXPECT_THAT(NamesOf(inspected.dns()), ElementsAre("fine.example"));
}

std::string Hello(const std::string& host, size_t padding) {
  const std::string name = std::string(1, '\0') + Be16(host.size()) + host;
  const std::string list = Be16(name.size()) + name;
  std::string extensions = Be16(21) + Be16(padding) + std::string(padding, '\0');
  extensions += Be16(0) + Be16(list.size()) + list;
  std::string body = "\3\3" + std::string(32, 'r') + std::string(1, '\0');
  body += Be16(4) + "\x13\x01\x13\x02" + std::string("\1\0", 2);
  body += Be16(extensions.size()) + extensions;
  const std::string message = std::string("\1\0", 2) + Be16(body.size()) + body;
  return "\x16\3\1" + Be16(message.size()) + message;
}

TEST(ServerNames, AHelloOverTwoSegmentsCutAnywhere) {
  const std::string hello = Hello("www.example.org", 40);
  for (size_t cut = 6; cut < hello.size(); ++cut) {  // earlier the bytes do not say TLS yet
    Inspected inspected(443);
    inspected.Client(0, hello.substr(0, cut)).Client(cut, hello.substr(cut));
    EXPECT_EQ(inspected.app(), AppProtocol::kTls);
    EXPECT_EQ(inspected.EndFlow(), "www.example.org") << cut;
  }
}

TEST(ServerNames, ALongHelloOutOfOrder) {
  const std::string hello = Hello("post.quantum.example", 2'500);
  Inspected inspected(443);
  inspected.Client(0, hello.substr(0, 1'200)).Client(2'400, hello.substr(2'400));
  inspected.Client(1'200, hello.substr(1'200, 1'200));
  EXPECT_EQ(inspected.EndFlow(), "post.quantum.example");
}

TEST(ServerNames, OneTooLongToKeepOrNeverCompleteIsNoName) {
  const std::string hello = Hello("never.example", 5'000);
  Inspected inspected(443);
  for (size_t at = 0; at < hello.size(); at += 1'000) {
    inspected.Client(at, hello.substr(at, 1'000));
  }
  EXPECT_EQ(inspected.EndFlow(), "");
  Inspected cut(443);
  const std::string half = Hello("half.example", 0);
  cut.Client(0, half.substr(0, half.size() - 4));
  EXPECT_EQ(cut.EndFlow(), "") << "half a name is another name";
}

TEST(ServerNames, TheHostOfARequestCutAnywhere) {
  const std::string request = "GET / HTTP/1.1\r\nAccept: */*\r\nhOsT:  shop.example \r\n\r\n";
  for (size_t cut = 4; cut < request.size(); ++cut) {
    Inspected inspected(80);
    inspected.Client(0, request.substr(0, cut)).Client(cut, request.substr(cut));
    EXPECT_EQ(inspected.app(), AppProtocol::kHttp);
    EXPECT_EQ(inspected.EndFlow(), "shop.example") << cut;
  }
  Inspected none(80);
  none.Client(0, "GET / HTTP/1.0\r\n\r\nHost: body.example\r\n");
  EXPECT_EQ(none.EndFlow(), "") << "behind the empty line is no header";
}

TEST(ServerNames, PlacesComeBackAtTheEndOfAFlow) {
  Inspected inspected(443);
  for (int i = 0; i < 50; ++i) {
    inspected.flow() = Flow{.key = inspected.flow().key, .state = FlowState::kEstablished};
    inspected.Client(0, Hello("again.example", 0));
    EXPECT_EQ(inspected.EndFlow(), "again.example") << i;
  }
}

constexpr char kCard[] = "4111 1111 1111 1111";
const std::string kKey = "-----BEGIN RSA PRIVATE KEY-----\n" + std::string(64, 'M') + "\nQ==\n";

TEST(Content, IsFoundWhereverSegmentsEnd) {
  const std::string stream = "a=1&card=" + std::string(kCard) + "&key=" + kKey + "&end";
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    Inspected inspected(80);
    inspected.Client(0, stream.substr(0, cut)).Client(cut, stream.substr(cut));
    EXPECT_THAT(inspected.MatchedPatterns(), ElementsAre("card_number", "private_key")) << cut;
    ASSERT_THAT(inspected.matches(), SizeIs(2));
    EXPECT_EQ(inspected.matches()[0].offset_bytes, 9U + 19) << cut;
  }
}

TEST(Content, ByteByByteOutOfOrderAndTwice) {
  const std::string stream = "card=" + std::string(kCard) + " ";
  Inspected single(80);
  for (size_t i = 0; i < stream.size(); ++i) single.Client(i, stream.substr(i, 1));
  EXPECT_THAT(single.MatchedPatterns(), ElementsAre("card_number"));
  for (size_t cut = 2; cut + 1 < stream.size(); ++cut) {
    Inspected mixed(80);
    mixed.Client(0, stream.substr(0, 1)).Client(cut, stream.substr(cut));
    mixed.Client(1, stream.substr(1, cut - 1)).Client(0, stream.substr(0, cut));
    mixed.Client(cut, stream.substr(cut));
    EXPECT_THAT(mixed.MatchedPatterns(), ElementsAre("card_number")) << cut;
  }
}

TEST(Content, AtTheVeryEndIsFoundWhenTheSideIsDone) {
  const std::string stream = "card=" + std::string(kCard);
  Inspected with_data(80);
  with_data.Client(0, stream, kTcpAck | kTcpPsh | kTcpFin);
  EXPECT_THAT(with_data.MatchedPatterns(), ElementsAre("card_number"));
  Inspected alone(80);
  alone.Client(0, stream).Client(stream.size(), "", kTcpAck | kTcpFin);
  EXPECT_THAT(alone.MatchedPatterns(), ElementsAre("card_number"));
}

TEST(Content, AcrossALostSegmentNothingIsMadeUp) {
  Inspected inspected(80);
  inspected.Client(0, "card=4111 1111 ").Client(1'000, "1111 1111 x");
  inspected.Client(3'000, " and then ").Client(3'010, std::string(kCard) + " x");
  EXPECT_THAT(inspected.MatchedPatterns(), ElementsAre("card_number"));
  EXPECT_EQ(inspected.matches()[0].offset_bytes, 15U + 10 + 19) << "counts what was read";
}

TEST(Content, OnlyTheFirstBytesOfAStreamAreRead) {
  Inspected inspected(80, true, {.streams = 1, .stream_bytes = 100, .server_names = 1});
  inspected.Client(0, std::string(90, 'x')).Client(90, " " + std::string(kCard) + " ");
  EXPECT_THAT(inspected.matches(), IsEmpty());
}

TEST(Content, WhatComesInOrIsEncryptedIsNotRead) {
  Inspected inspected(80);
  inspected.Client(0, "GET / HTTP/1.0\r\n\r\n").Server(0, "card=" + std::string(kCard) + " ");
  EXPECT_THAT(inspected.matches(), IsEmpty());
  Inspected tls(443);
  tls.Client(0, Hello("a.example", 0)).Client(10'000, std::string(kCard) + " ");
  EXPECT_THAT(tls.matches(), IsEmpty());
}

TEST(Content, ADatagramIsReadOnItsOwn) {
  Inspected inspected(9'000, /*tcp=*/false);
  inspected.Datagram(true, "4111 1111 ").Datagram(true, "1111 1111 ");
  EXPECT_THAT(inspected.matches(), IsEmpty());
  inspected.Datagram(true, kCard);
  EXPECT_THAT(inspected.MatchedPatterns(), ElementsAre("card_number"));
}

// Digests tell numbers apart, however they are written, and hold nothing of them.
TEST(Content, NeverHoldsWhatMatched) {
  Inspected inspected(80);
  size_t at = 0;
  for (const char* card :
       {"4111 1111 1111 1111,", "4111-1111-1111-1111,", "5500 0055 5555 5559,"}) {
    inspected.Client(at, card);
    at += std::string(card).size();
  }
  ASSERT_THAT(inspected.matches(), SizeIs(3));
  EXPECT_EQ(inspected.matches()[0].digest, inspected.matches()[1].digest);
  EXPECT_NE(inspected.matches()[0].digest, inspected.matches()[2].digest);
  for (const ContentMatch& match : inspected.matches()) {
    const std::string record(reinterpret_cast<const char*>(&match), sizeof(match));
    EXPECT_EQ(record.find("1111"), std::string::npos);
    EXPECT_EQ(record.find("5555"), std::string::npos);
  }
}

TEST(Streams, WhenPlacesRunOutOnlyAQuietOneGivesWay) {
  const std::string card = "card=" + std::string(kCard) + " ";
  Inspected inspected(80, true, {.streams = 1, .server_names = 1});
  inspected.Select(0).Client(0, "first bytes ");
  inspected.Select(1).Client(0, card);
  EXPECT_THAT(inspected.matches(), IsEmpty());
  EXPECT_EQ(inspected.inspector().streams_refused(), 1U);
  inspected.Pass(6'000'000);
  inspected.Select(2).Client(0, card);
  EXPECT_THAT(inspected.matches(), SizeIs(1));
  inspected.Select(0).Client(12, card);
  EXPECT_THAT(inspected.matches(), SizeIs(1)) << "a stream that gave way is not begun again";
  inspected.Select(2).EndFlow();
  inspected.Select(1).Client(card.size(), card);
  EXPECT_THAT(inspected.matches(), SizeIs(2)) << "an ended flow leaves its place";
}

}  // namespace
}  // namespace vedette
