#include "dataplane/inspect/device_names.h"

#include <algorithm>

namespace vedette {
namespace {

uint8_t ByteAt(Bytes bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

void Assign(Bytes text, ClaimedName& name) {
  name.length = static_cast<uint8_t>(std::min(text.size(), name.text.size()));
  for (size_t i = 0; i < name.length; ++i) name.text[i] = static_cast<char>(text[i]);
  while (name.length > 0 && name.text[name.length - 1u] == '\0') --name.length;  // C strings
}

// RFC 2132: tag, length, value; 0 pads, 255 ends.
DecodeStatus ParseDhcpOptions(Bytes options, bool whole, ClaimedName& name) {
  constexpr uint8_t kPad = 0, kHostName = 12, kEnd = 255;
  for (size_t at = 0; at < options.size();) {
    const uint8_t tag = ByteAt(options, at++);
    if (tag == kEnd) return DecodeStatus::kOk;
    if (tag == kPad) continue;
    if (at == options.size() || at + 1 + ByteAt(options, at) > options.size()) {
      return whole ? DecodeStatus::kDhcpBadOption : DecodeStatus::kOk;
    }
    const uint8_t length = ByteAt(options, at++);
    if (tag == kHostName) Assign(options.subspan(at, length), name);
    at += length;
  }
  return DecodeStatus::kOk;  // BOOTP clients and old stacks leave the end out
}

}  // namespace

DecodeStatus ParseDhcp(Bytes message, bool whole, MacAddress& mac, ClaimedName& name) noexcept {
  constexpr size_t kFixedBytes = 236, kCookieBytes = 4;
  constexpr uint8_t kRequest = 1, kReply = 2, kEthernetLength = 6;
  name.length = 0;
  if (message.size() < kFixedBytes) {
    return whole ? DecodeStatus::kDhcpTruncated : DecodeStatus::kOk;
  }
  const uint8_t operation = ByteAt(message, 0);
  if (operation != kRequest && operation != kReply) return DecodeStatus::kDhcpBadOperation;
  if (ByteAt(message, 2) > 16) return DecodeStatus::kDhcpBadHardware;
  for (size_t i = 0; i < mac.bytes.size(); ++i) mac.bytes[i] = ByteAt(message, 28 + i);
  if (message.size() < kFixedBytes + kCookieBytes) return DecodeStatus::kOk;  // BOOTP
  static constexpr uint8_t kCookie[kCookieBytes] = {99, 130, 83, 99};
  for (size_t i = 0; i < kCookieBytes; ++i) {
    if (ByteAt(message, kFixedBytes + i) != kCookie[i])
      return DecodeStatus::kOk;  // BOOTP vendor area
  }
  const DecodeStatus status =
      ParseDhcpOptions(message.subspan(kFixedBytes + kCookieBytes), whole, name);
  const bool names_itself = operation == kRequest && ByteAt(message, 2) == kEthernetLength;
  if (!names_itself || mac.is_zero() || mac.is_group()) name.length = 0;
  return status;
}

bool NameOfMdns(const DnsView& message, const IpAddress& sender, ClaimedName& name) noexcept {
  if (!message.is_response || !message.has_address || message.address != sender) return false;
  absl::string_view owner(message.owner.text.data(), message.owner.length);
  const size_t dot = owner.find('.');
  if (dot == absl::string_view::npos || owner.substr(dot) != ".local" || dot == 0) return false;
  name.length = static_cast<uint8_t>(std::min(dot, name.text.size()));
  std::copy_n(owner.begin(), name.length, name.text.begin());
  return true;
}

bool NameOfNetbios(Bytes message, ClaimedName& name) noexcept {
  constexpr size_t kHeaderBytes = 12, kEncodedBytes = 32;
  constexpr uint8_t kRegistration = 5, kWorkstation = 0x00, kFileServer = 0x20;
  if (message.size() < kHeaderBytes + 1 + kEncodedBytes) return false;
  const bool is_response = (ByteAt(message, 2) & 0x80) != 0;
  if (is_response || (ByteAt(message, 2) >> 3 & 0x0f) != kRegistration) return false;
  if (ByteAt(message, kHeaderBytes) != kEncodedBytes) return false;
  std::array<char, 16> decoded;
  for (size_t i = 0; i < decoded.size(); ++i) {  // half a byte a letter, from 'A' (RFC 1001, 14.1)
    const int high = ByteAt(message, kHeaderBytes + 1 + 2 * i) - 'A';
    const int low = ByteAt(message, kHeaderBytes + 2 + 2 * i) - 'A';
    if (high < 0 || high > 15 || low < 0 || low > 15) return false;
    decoded[i] = static_cast<char>(high << 4 | low);
  }
  const auto suffix = static_cast<uint8_t>(decoded[15]);
  if (suffix != kWorkstation && suffix != kFileServer) return false;
  // A group name has its flag in the additional record, 6 bytes into its data.
  const size_t flags_at = kHeaderBytes + 1 + kEncodedBytes + 1 + 4 + 2 + 10;
  if (message.size() > flags_at && (ByteAt(message, flags_at) & 0x80) != 0) return false;
  size_t length = 15;
  while (length > 0 && (decoded[length - 1] == ' ' || decoded[length - 1] == '\0')) --length;
  name.length = static_cast<uint8_t>(length);
  std::copy_n(decoded.begin(), length, name.text.begin());
  return length != 0;
}

}  // namespace vedette
