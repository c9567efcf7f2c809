#include "dataplane/decode/address_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

// Each octet with a dot behind it: addresses of new flows are written for the sets on the packet
// path.
struct OctetText {
  std::array<char, 4> text;
  uint8_t length;  // with the dot
};
constexpr auto kOctets = [] {
  std::array<OctetText, 256> octets{};
  for (unsigned value = 0; value < octets.size(); ++value) {
    OctetText& octet = octets[value];
    if (value >= 100) octet.text[octet.length++] = static_cast<char>('0' + value / 100);
    if (value >= 10) octet.text[octet.length++] = static_cast<char>('0' + value / 10 % 10);
    octet.text[octet.length++] = static_cast<char>('0' + value % 10);
    octet.text[octet.length++] = '.';
  }
  return octets;
}();

size_t FormatIp4(const uint8_t* bytes, char* out) {
  static_assert(kIpTextMax >= 4 * sizeof(OctetText::text));  // each is stored whole
  size_t at = 0;
  for (size_t i = 0; i < 4; ++i) {
    const OctetText& octet = kOctets[bytes[i]];
    std::memcpy(out + at, octet.text.data(), octet.text.size());
    at += octet.length;
  }
  return at - 1;
}

char* FormatGroup(uint16_t value, char* out) {
  bool leading = true;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = value >> shift & 0x0f;
    leading = leading && digit == 0 && shift != 0;
    if (!leading) *out++ = kDigits[digit];
  }
  return out;
}

// RFC 5952, 4.2: the longest run of two or more zero groups, the first of equally long ones.
struct Run {
  size_t begin = 8, length = 0;
};
Run LongestZeroRun(const uint16_t (&groups)[8]) {
  Run best;
  for (size_t begin = 0; begin < 8; ++begin) {
    size_t length = 0;
    while (begin + length < 8 && groups[begin + length] == 0) ++length;
    if (length > best.length && length >= 2) best = {begin, length};
    begin += length;
  }
  return best;
}

}  // namespace

PackedText PackIp4(const IpAddress& ip) noexcept {
  static_assert(std::endian::native == std::endian::little);
  __extension__ using Wide = unsigned __int128;
  Wide text = 0;
  unsigned bits = 0;
  for (size_t i = 12; i < 16; ++i) {
    const OctetText& octet = kOctets[ip.bytes[i]];
    text |= Wide{std::bit_cast<uint32_t>(octet.text)} << bits;
    bits += 8U * octet.length;
  }
  bits -= 8;  // the last dot
  text ^= Wide{'.'} << bits;
  return {.words = {static_cast<uint64_t>(text), static_cast<uint64_t>(text >> 64)},
          .length = bits / 8};
}

size_t FormatIp(const IpAddress& ip, char* out) noexcept {
  char* const begin = out;
  if (ip.is_v4()) return FormatIp4(ip.bytes.data() + 12, out);
  uint16_t groups[8];
  for (size_t i = 0; i < 8; ++i) {
    groups[i] = static_cast<uint16_t>(ip.bytes[2 * i] << 8 | ip.bytes[2 * i + 1]);
  }
  const Run run = LongestZeroRun(groups);
  for (size_t i = 0; i < 8; ++i) {
    if (i == run.begin) {
      *out++ = ':';
      *out++ = ':';
      i += run.length - 1;
      continue;
    }
    if (i != 0 && i != run.begin + run.length) *out++ = ':';
    out = FormatGroup(groups[i], out);
  }
  return static_cast<size_t>(out - begin);
}

std::string IpText(const IpAddress& ip) {
  char text[kIpTextMax];
  return std::string(text, FormatIp(ip, text));
}

std::string MacText(const MacAddress& mac) {
  std::string text;
  for (size_t i = 0; i < mac.bytes.size(); ++i) {
    if (i != 0) text.push_back(':');
    text.push_back(kDigits[mac.bytes[i] >> 4]);
    text.push_back(kDigits[mac.bytes[i] & 0x0f]);
  }
  return text;
}

absl::StatusOr<IpAddress> ParseIp(absl::string_view text) {
  const std::string terminated(text);
  IpAddress ip = IpAddress::V4(0, 0, 0, 0);
  if (inet_pton(AF_INET, terminated.c_str(), ip.bytes.data() + 12) == 1) return ip;
  if (inet_pton(AF_INET6, terminated.c_str(), ip.bytes.data()) == 1) return ip;
  return absl::InvalidArgumentError(
      absl::StrCat("found \"", text, "\", allowed an IPv4 or IPv6 address"));
}

}  // namespace vedette
