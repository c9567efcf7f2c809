#include <random>

#include "tests/dataplane/capture/capture_writer.h"
#include "tests/dataplane/decode/sample_packets.h"
#include "tests/dataplane/inspect/dns_writer.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

std::string TextOf(const PacketBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::string> DecodeModelSeeds() {
  std::vector<std::string> seeds;
  for (const SamplePacket& sample : ValidPackets()) {
    if (sample.link == LinkType::kEthernet) seeds.push_back(TextOf(sample.bytes));
  }
  return seeds;
}

std::vector<std::string> Captures() {
  std::vector<std::string> captures;
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    for (const uint32_t magic : {0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34}) {
      captures.push_back(PcapWriter({.order = order, .magic = magic})
                             .Record(1, 2, "one packet", 60)
                             .Record(3, 4, "another one")
                             .file());
    }
    PcapngWriter writer(order);
    OrderedBytes options = writer.Bytes();
    options.U16(9).U16(1).U8(9).PadTo4().U16(14).U16(8).U64(5).U32(0);
    writer.Section().Interface(1, 0, options).Interface(101);
    writer.Enhanced(0, 7'000'000'000, "abc", 60).Block(5, writer.Bytes().U64(1));
    captures.push_back(writer.file());
    writer.Obsolete(1, 2, 3, "old").Simple("simple", 99).Section().Interface(113).Simple("x");
    captures.push_back(writer.file());
  }
  return captures;
}

std::vector<std::string> ReaderSeeds() {
  std::vector<std::string> seeds;
  for (const std::string& capture : Captures()) seeds.push_back(std::string(1, '\3') + capture);
  return seeds;
}

// Stored, not packed: the smallest members that hold a header, so that mutations reach the reader.
std::string StoredGzip(const std::string& bytes) {
  OrderedBytes member;
  member.Text(std::string("\x1f\x8b\x08\0\0\0\0\0\0\3", 10)).U8(1);
  member.U16(bytes.size()).U16(~bytes.size() & 0xffff).Text(bytes);
  uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xedb88320U & (0 - (crc & 1)));
  }
  return member.U32(~crc).U32(bytes.size()).text();
}
std::string StoredZstd(const std::string& bytes) {
  OrderedBytes frame;
  frame.U32(0xfd2fb528).U8(0).U8(0x38);  // no content size, window 128 KiB
  const size_t block = bytes.size() << 3 | 1;
  return frame.U8(block & 0xff).U8(block >> 8 & 0xff).U8(block >> 16).Text(bytes).text();
}

std::vector<std::string> FileSeeds() {
  std::vector<std::string> seeds = Captures();
  const std::string capture = seeds.front();
  seeds.push_back(StoredGzip(capture));
  seeds.push_back(StoredGzip(capture.substr(0, 30)) + StoredGzip(capture.substr(30)));
  seeds.push_back(StoredZstd(capture));
  seeds.push_back(StoredZstd(capture) + StoredZstd("tail"));
  seeds.push_back(
      std::string("\xfd"
                  "7zXZ\0\0\4",
                  8));
  return seeds;
}

std::string Hello() {
  const std::string host = "www.example.org";
  const std::string name = std::string(1, '\0') + Be16(host.size()) + host;
  const std::string list = Be16(name.size()) + name;
  const std::string extensions = Be16(10) + Be16(2) + Be16(0) + Be16(0) + Be16(list.size()) + list;
  const std::string body = "\3\3" + std::string(33, '\0') + Be16(2) + "\x13\x01" +
                           std::string("\1\0", 2) + Be16(extensions.size()) + extensions;
  return "\x16\3\1" + Be16(body.size() + 4) + std::string("\1\0", 2) + Be16(body.size()) + body;
}

// As FuzzInspect's connections read it: side, place, size, bytes.
std::string Piece(bool client, size_t at, const std::string& bytes) {
  return std::string{static_cast<char>(client), static_cast<char>(at >> 4),
                     static_cast<char>(at & 15), static_cast<char>(bytes.size())} +
         bytes;
}
std::string InTwo(const std::string& bytes) {
  const size_t cut = bytes.size() / 2;
  return Piece(true, 0, bytes.substr(0, cut)) + Piece(true, cut, bytes.substr(cut));
}

std::vector<std::string> InspectSeeds() {
  const std::string owner = WireName("host.example");
  const std::string answer =
      DnsWriter()
          .Question(owner, 1)
          .Answer(Pointer(12), 1, "\x0a\1\2\3")
          .Answer(Pointer(12), 15, Be16(1) + Pointer(12))
          .Answer(Pointer(12), 65, Be16(1) + owner + Be16(1) + Be16(3) + "\2h2")
          .Answer(Pointer(12), 47, owner + std::string("\0\1\x40", 3))
          .Record(3, WireName(""), 41, 1232, Be16(10) + Be16(8) + "12345678")
          .Build();
  std::string dhcp(236, '\0');
  dhcp[0] = 1;
  dhcp[2] = 6;
  dhcp += "\x63\x82\x53\x63\x35\1\3\x0c\4name\xff";
  const std::string netbios =
      DnsWriter(0x2910).Question("\x20" + std::string(32, 'E') + std::string(1, '\0'), 32).Build();
  const std::string request = "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  const std::string content = "POST / HTTP/1.1\r\n\r\ncard=4111 1111 1111 1111 ";
  const auto with = [](char which, const std::string& bytes) {
    return std::string(1, which) + bytes;
  };
  return {with(0, answer),         with(1, dhcp),
          with(1, netbios),        with(2, Hello()),
          with(3, request),        with(4, InTwo(Be16(answer.size()) + answer)),
          with(5, InTwo(Hello())), with(6, InTwo(request)),
          with(6, InTwo(content)), with(7, Piece(true, 0, answer.substr(0, 200)))};
}

std::vector<std::string> PatternSeeds() {
  const std::string texts[] = {
      "card=4111 1111 1111 1111;5500005555555559,378282246310005 ",
      "iban DE89370400440532013000 GB82 WEST 1234 5698 7654 32\n",
      "-----BEGIN EC PRIVATE KEY-----\r\n" + std::string(60, 'M') + "\n",
      "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
      "{\"type\": \"service_account\", \"id\": 1, \"private_key\": \"x\"}",
  };
  std::vector<std::string> seeds;
  for (const std::string& text : texts) {
    seeds.push_back(std::string("\3\1", 2) + text);
    seeds.push_back(std::string("\x14\x40", 2) + text + text);
  }
  return seeds;
}

}  // namespace

const std::vector<FuzzTarget>& FuzzTargets() {
  static const std::vector<FuzzTarget> targets = {
      {"decode_model", FuzzDecodeModel, DecodeModelSeeds},
      {"capture_readers", FuzzCaptureReaders, ReaderSeeds},
      {"capture_file", FuzzCaptureFile, FileSeeds},
      {"inspect", FuzzInspect, InspectSeeds},
      {"patterns", FuzzPatterns, PatternSeeds},
      {"config", FuzzConfig, ConfigSeeds},
      {"policy", FuzzPolicy, PolicySeeds},
      {"models", FuzzModels, ModelSeeds},
      {"text", FuzzText, TextSeeds},
      {"line", FuzzLine, LineSeeds, 100},  // each makes an engine
  };
  return targets;
}

}  // namespace vedette
