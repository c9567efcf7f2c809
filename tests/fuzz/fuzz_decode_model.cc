// Decode() against a naive decoder: Ethernet, up to two VLAN tags, IPv4 without fragments, TCP or
// UDP. Written from the RFCs with plain index arithmetic; it says nothing about anything else.
#include <optional>

#include "dataplane/decode/decode.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

struct Simple {
  size_t ip_at = 0, ip_bytes = 0, vlans = 0;
  size_t source_port = 0, target_port = 0, payload_at = 0, payload_bytes = 0;
  uint8_t protocol = 0;
};

size_t Word(FuzzInput bytes, size_t at) { return size_t{bytes[at]} * 256 + bytes[at + 1]; }

bool IsTunnel(size_t port) { return port == 4789 || port == 6081 || port == 2152 || port == 3544; }

std::optional<Simple> Naive(FuzzInput frame) {
  Simple simple;
  size_t type_at = 12;
  while (frame.size() >= type_at + 6 && Word(frame, type_at) == 0x8100 && simple.vlans < 2) {
    type_at += 4;
    ++simple.vlans;
  }
  simple.ip_at = type_at + 2;
  if (frame.size() < simple.ip_at + 20 || Word(frame, type_at) != 0x0800) return {};
  const size_t header = size_t{frame[simple.ip_at]} % 16 * 4;
  simple.ip_bytes = Word(frame, simple.ip_at + 2);
  const bool fits = frame[simple.ip_at] / 16 == 4 && header >= 20 && simple.ip_bytes >= header &&
                    simple.ip_at + simple.ip_bytes <= frame.size();
  if (!fits || Word(frame, simple.ip_at + 6) % 0x4000 != 0) return {};  // a fragment
  simple.protocol = frame[simple.ip_at + 9];
  const size_t at = simple.ip_at + header, left = simple.ip_bytes - header;
  if (simple.protocol != 6 && simple.protocol != 17) return {};
  if (left < (simple.protocol == 6 ? 20U : 8U)) return {};
  simple.source_port = Word(frame, at);
  simple.target_port = Word(frame, at + 2);
  const size_t skip = simple.protocol == 6 ? size_t{frame[at + 12]} / 16 * 4 : 8;
  const size_t length = simple.protocol == 6 ? left : Word(frame, at + 4);
  if (skip < 8 || (simple.protocol == 6 && skip < 20) || length < skip || length > left) return {};
  if (simple.protocol == 17 && (IsTunnel(simple.source_port) || IsTunnel(simple.target_port))) {
    return {};
  }
  simple.payload_at = at + skip;
  simple.payload_bytes = length - skip;
  return simple;
}

bool SumIsRight(FuzzInput bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += static_cast<uint32_t>(Word(bytes, i));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

}  // namespace

void FuzzDecodeModel(FuzzInput input) {
  const std::optional<Simple> simple = Naive(input);
  if (!simple) return;
  DecodedPacket out;
  const auto size = static_cast<uint32_t>(input.size());
  Decode({.bytes = AsBytes(input), .wire_length = size, .link = LinkType::kEthernet},
         Checksums::kVerify, out);
  Require(out.status == DecodeStatus::kOk && out.deepest == Layer::kTransport);
  Require(out.vlan_count == simple->vlans && out.tunnel_count == 0 && !out.is_v6);
  Require(out.protocol == simple->protocol && out.ip_total_length == simple->ip_bytes);
  Require(out.ttl == input[simple->ip_at + 8]);
  for (size_t i = 0; i < 4; ++i) {
    Require(out.source_ip.bytes[12 + i] == input[simple->ip_at + 12 + i]);
    Require(out.target_ip.bytes[12 + i] == input[simple->ip_at + 16 + i]);
  }
  Require(out.source_port == simple->source_port && out.target_port == simple->target_port);
  Require(out.payload.size() == simple->payload_bytes);
  Require(out.payload.data() == AsBytes(input).data() + simple->payload_at);
  const size_t header = size_t{input[simple->ip_at]} % 16 * 4;
  if (!out.ip_checksum_checked) return;
  Require(out.ip_checksum_bad == !SumIsRight(input.subspan(simple->ip_at, header)));
}

}  // namespace vedette
