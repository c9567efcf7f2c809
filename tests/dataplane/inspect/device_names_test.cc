// Names that devices claim: DHCP, mDNS, NetBIOS; hostile, cut, or claimed for somebody else. And
// which protocol bytes and ports say.
#include "dataplane/inspect/device_names.h"

#include <gtest/gtest.h>

#include "dataplane/inspect/app_protocol.h"
#include "tests/dataplane/inspect/dns_writer.h"
#include "tests/packet_builder.h"

namespace vedette {
namespace {

std::string TextOf(const ClaimedName& name) { return {name.text.data(), name.length}; }

std::string Dhcp(const std::string& options, uint8_t operation = 1) {
  std::string message(236, '\0');
  message[0] = static_cast<char>(operation);
  message[1] = 1;
  message[2] = 6;
  for (size_t i = 0; i < 6; ++i) message[28 + i] = static_cast<char>(Mac(7).bytes[i]);
  return message + "\x63\x82\x53\x63" + options;
}
std::string Option(uint8_t tag, const std::string& value) {
  return std::string{static_cast<char>(tag), static_cast<char>(value.size())} + value;
}

struct DhcpResult {
  DecodeStatus status;
  std::string name;
  MacAddress mac;
};
DhcpResult Parse(const std::string& message, bool whole = true) {
  DhcpResult result;
  ClaimedName name;
  result.status = ParseDhcp(BytesOf(message), whole, result.mac, name);
  result.name = TextOf(name);
  return result;
}

TEST(Dhcp, AClientNamesItself) {
  const DhcpResult result =
      Parse(Dhcp(Option(53, "\3") + std::string(3, '\0') + Option(12, "laptop") + "\xff" + "junk"));
  EXPECT_EQ(result.status, DecodeStatus::kOk);
  EXPECT_EQ(result.name, "laptop");
  EXPECT_EQ(result.mac, Mac(7));
}

TEST(Dhcp, NamesOfServersAndLongOrZeroedOnes) {
  EXPECT_EQ(Parse(Dhcp(Option(12, "given") + "\xff", 2)).name, "") << "a reply names nobody";
  EXPECT_EQ(Parse(Dhcp(Option(12, std::string(200, 'a')) + "\xff")).name, std::string(63, 'a'));
  EXPECT_EQ(Parse(Dhcp(Option(12, std::string("c\0\0", 3)) + "\xff")).name, "c");
  EXPECT_EQ(Parse(Dhcp(Option(12, "\x1b[2J<b>") + "\xff")).name, "\x1b[2J<b>") << "as it came";
}

TEST(Dhcp, EveryTruncation) {
  const std::string message = Dhcp(Option(53, "\1") + Option(12, "name") + "\xff");
  for (size_t cut = 0; cut <= message.size(); ++cut) {
    const std::string part = message.substr(0, cut);
    EXPECT_EQ(Parse(part, false).status, DecodeStatus::kOk) << cut;
    const DecodeStatus status = Parse(part).status;
    if (cut < 236) {
      EXPECT_EQ(status, DecodeStatus::kDhcpTruncated) << cut;
    } else {
      EXPECT_TRUE(status == DecodeStatus::kOk || status == DecodeStatus::kDhcpBadOption) << cut;
    }
  }
}

TEST(Dhcp, WhatIsWrong) {
  EXPECT_EQ(Parse(Dhcp("", 9)).status, DecodeStatus::kDhcpBadOperation);
  std::string hardware = Dhcp("");
  hardware[2] = 17;
  EXPECT_EQ(Parse(hardware).status, DecodeStatus::kDhcpBadHardware);
  EXPECT_EQ(Parse(Dhcp("\x0c\x40short")).status, DecodeStatus::kDhcpBadOption);
}

TEST(Mdns, OnlyTheSendersOwnAddressCounts) {
  DnsView view;
  const auto name_of = [&view](const std::string& owner, const std::string& sender) {
    const std::string message =
        DnsWriter(0x8400).Answer(WireName(owner), 1, "\x0a\x02\x03\x04").Build();
    ParseDns(BytesOf(message), true, view);
    ClaimedName name;
    return NameOfMdns(view, Ip(sender), name) ? TextOf(name) : "";
  };
  EXPECT_EQ(name_of("Printer.local", "10.2.3.4"), "printer");
  EXPECT_EQ(name_of("printer.local", "10.2.3.5"), "");
  EXPECT_EQ(name_of("printer.example", "10.2.3.4"), "");
  EXPECT_EQ(name_of("a.b.local", "10.2.3.4"), "");
}

std::string Netbios(const std::string& name, char suffix, uint8_t flags = 0) {
  std::string padded = name + std::string(15 - name.size(), ' ') + suffix, encoded;
  for (const char c : padded) {
    encoded += static_cast<char>('A' + (static_cast<uint8_t>(c) >> 4));
    encoded += static_cast<char>('A' + (c & 15));
  }
  return DnsWriter(0x2910)
      .Question("\x20" + encoded + std::string(1, '\0'), 32)
      .Record(3, Pointer(12), 32, 1, std::string(1, static_cast<char>(flags)) + "\0\1\2\3\4")
      .Build();
}

TEST(Netbios, ARegistrationOfAUniqueName) {
  ClaimedName name;
  ASSERT_TRUE(NameOfNetbios(BytesOf(Netbios("WORKSTATION", 0)), name));
  EXPECT_EQ(TextOf(name), "WORKSTATION");
  EXPECT_FALSE(NameOfNetbios(BytesOf(Netbios("GROUP", 0, 0x80)), name));
  EXPECT_FALSE(NameOfNetbios(BytesOf(Netbios("BROWSER", 0x1d)), name));
  const std::string whole = Netbios("PC", 0x20);
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    const bool named = NameOfNetbios(BytesOf(whole.substr(0, cut)), name);
    EXPECT_EQ(named, cut >= 12 + 33) << cut;
  }
}

TEST(AppProtocol, BytesAndPorts) {
  const auto tcp = [](const std::string& bytes) { return AppOfBytes(true, BytesOf(bytes)); };
  EXPECT_EQ(tcp("GET / HTTP/1.1"), AppProtocol::kHttp);
  EXPECT_EQ(tcp("SSH-2.0-x"), AppProtocol::kSsh);
  EXPECT_EQ(tcp(std::string("\x16\3\1\0\5\1", 6)), AppProtocol::kTls);
  EXPECT_EQ(tcp(std::string("\x16\3\x09\0\5\1", 6)), AppProtocol::kUnknown);
  EXPECT_EQ(tcp("GE"), AppProtocol::kUnknown);
  EXPECT_EQ(AppOfBytes(false, BytesOf("M-SEARCH * HTTP/1.1")), AppProtocol::kSsdp);
  EXPECT_EQ(AppOfBytes(false, BytesOf("GET / HTTP/1.1")), AppProtocol::kUnknown);
  EXPECT_EQ(AppOfPort(true, 502), AppProtocol::kModbus);
  EXPECT_EQ(AppOfPort(false, 53), AppProtocol::kDns);
  EXPECT_EQ(AppOfPort(false, 502), AppProtocol::kUnknown);
  EXPECT_EQ(AppName(AppProtocol::kSsdp), "ssdp");
  EXPECT_EQ(AppName(AppProtocol::kUnknown), "");
}

}  // namespace
}  // namespace vedette
