// The bytes of a packet that are still to be decoded, and network-order loads from them. Every read
// of the decoder is preceded by a check of `captured`. Worker cores; no state of its own.
#ifndef VEDETTE_DATAPLANE_DECODE_BYTE_CURSOR_H_
#define VEDETTE_DATAPLANE_DECODE_BYTE_CURSOR_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "dataplane/decode/addresses.h"

namespace vedette {

inline uint16_t LoadBe16(const uint8_t* at) noexcept {
  uint16_t raw;
  std::memcpy(&raw, at, sizeof(raw));
  return std::endian::native == std::endian::little ? __builtin_bswap16(raw) : raw;
}
inline uint32_t LoadBe32(const uint8_t* at) noexcept {
  uint32_t raw;
  std::memcpy(&raw, at, sizeof(raw));
  return std::endian::native == std::endian::little ? __builtin_bswap32(raw) : raw;
}
inline MacAddress LoadMac(const uint8_t* at) noexcept {
  MacAddress mac;
  std::memcpy(mac.bytes.data(), at, mac.bytes.size());
  return mac;
}
// From the four bytes as they lie in memory. One 8-byte store of the mapped half: later 8-byte
// loads of it are forwarded from the store buffer.
inline IpAddress Ip4FromWord(uint32_t raw) noexcept {
  static_assert(std::endian::native == std::endian::little);
  const uint64_t words[2] = {0, uint64_t{raw} << 32 | 0xffff0000U};
  IpAddress ip;
  std::memcpy(ip.bytes.data(), words, sizeof(words));
  return ip;
}
inline IpAddress LoadIp4(const uint8_t* at) noexcept {
  uint32_t raw;
  std::memcpy(&raw, at, sizeof(raw));
  return Ip4FromWord(raw);
}
inline IpAddress LoadIp6(const uint8_t* at) noexcept {
  IpAddress ip;
  std::memcpy(ip.bytes.data(), at, ip.bytes.size());
  return ip;
}

struct ByteCursor {
  const uint8_t* at = nullptr;
  uint32_t captured = 0;  // may be read; never more than wire
  uint32_t wire = 0;      // existed on the wire, captured or not

  bool Has(uint32_t bytes) const noexcept { return captured >= bytes; }
  void Skip(uint32_t bytes) noexcept {  // needs Has(bytes)
    at += bytes;
    captured -= bytes;
    wire -= bytes;
  }
  // Drops what lies behind the end that a header gives: padding and trailers.
  void Clip(uint32_t wire_bytes) noexcept {
    wire = std::min(wire, wire_bytes);
    captured = std::min(captured, wire);
  }
  bool whole() const noexcept { return captured == wire; }
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_BYTE_CURSOR_H_
