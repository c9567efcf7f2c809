// Frames written in place, with right checksums: Ethernet, IPv4, TCP or UDP. Tests and benchmarks;
// made for tens of millions of packets, where PacketBuilder is for one.
#ifndef VEDETTE_TESTS_FRAMES_H_
#define VEDETTE_TESTS_FRAMES_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/decode/addresses.h"
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/decode.h"

namespace vedette {

struct FrameEnd {
  MacAddress mac;
  uint32_t ip = 0;
  uint16_t port = 0;
};

inline constexpr size_t kTcpHeadersBytes = 54, kUdpHeadersBytes = 42, kSmallestFrameBytes = 60;

inline void Put16(uint8_t* at, uint32_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}
inline void Put32(uint8_t* at, uint32_t value) {
  Put16(at, value >> 16);
  Put16(at + 2, value & 0xffff);
}

// Ethernet and IPv4 headers, and the two ports; `at` is zero before.
inline void PutHeaders(uint8_t* at, const FrameEnd& from, const FrameEnd& to, uint8_t protocol,
                       size_t ip_bytes, uint16_t ident) {
  std::memcpy(at, to.mac.bytes.data(), 6);
  std::memcpy(at + 6, from.mac.bytes.data(), 6);
  Put16(at + 12, 0x0800);
  uint8_t* const ip = at + 14;
  ip[0] = 0x45;
  Put16(ip + 2, static_cast<uint32_t>(ip_bytes));
  Put16(ip + 4, ident);
  ip[6] = 0x40;  // do not fragment
  ip[8] = 64;
  ip[9] = protocol;
  Put32(ip + 12, from.ip);
  Put32(ip + 16, to.ip);
  const uint16_t sum = static_cast<uint16_t>(~OnesComplementSum(ip, 20));
  std::memcpy(ip + 10, &sum, 2);  // in the order the words lie in memory
  Put16(ip + 20, from.port);
  Put16(ip + 22, to.port);
}

// Of TCP or UDP; the field itself is zero before.
inline uint16_t TransportChecksum(const uint8_t* frame, uint8_t protocol, size_t bytes) {
  uint8_t pseudo[4] = {0, protocol, static_cast<uint8_t>(bytes >> 8), static_cast<uint8_t>(bytes)};
  const uint64_t sum =
      PartialSum(frame + 26, 8) + PartialSum(pseudo, 4) + PartialSum(frame + 34, bytes);
  return static_cast<uint16_t>(~FoldSum(sum));
}

inline void PutTcp(uint8_t* at, const FrameEnd& from, const FrameEnd& to, uint8_t flags,
                   uint32_t sequence, uint32_t acknowledged, uint16_t ident,
                   std::span<const uint8_t> payload) {
  const size_t bytes = 20 + payload.size();
  PutHeaders(at, from, to, 6, 20 + bytes, ident);
  uint8_t* const tcp = at + 34;
  Put32(tcp + 4, sequence);
  Put32(tcp + 8, acknowledged);
  tcp[12] = 0x50;
  tcp[13] = flags;
  Put16(tcp + 14, 64'240);
  if (!payload.empty()) std::memcpy(tcp + 20, payload.data(), payload.size());
  const uint16_t sum = TransportChecksum(at, 6, bytes);
  std::memcpy(tcp + 16, &sum, 2);
}

inline void PutUdp(uint8_t* at, const FrameEnd& from, const FrameEnd& to, uint16_t ident,
                   std::span<const uint8_t> payload) {
  const size_t bytes = 8 + payload.size();
  PutHeaders(at, from, to, 17, 20 + bytes, ident);
  uint8_t* const udp = at + 34;
  Put16(udp + 4, static_cast<uint32_t>(bytes));
  if (!payload.empty()) std::memcpy(udp + 8, payload.data(), payload.size());
  const uint16_t sum = TransportChecksum(at, 17, bytes);
  const uint16_t sent = sum == 0 ? 0xffff : sum;
  std::memcpy(udp + 6, &sent, 2);
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_FRAMES_H_
