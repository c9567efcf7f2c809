// ARP for Ethernet and IPv4 (RFC 826, 903, 5227).
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint16_t kOperationMax = 25;  // IANA, Address Resolution Protocol parameters

void NoteOddities(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  const ArpFields& arp = out.arp;
  if (arp.operation == 0 || arp.operation > kOperationMax) {
    out.Note(DecodeStatus::kArpBadOperation);
  }
  if (arp.sender_mac.is_group() || arp.sender_ip.is_multicast() || arp.sender_ip.is_broadcast()) {
    out.Note(DecodeStatus::kArpSenderGroup);
  }
  const bool framed = out.has_mac && !state.inside_tunnel && !out.target_mac.is_zero();
  if (arp.operation == 2 && framed && arp.sender_mac != out.source_mac) {
    out.Note(DecodeStatus::kArpSenderMismatch);
  }
}

}  // namespace

Next DecodeArp(DecodeState& state) noexcept {
  constexpr uint32_t kFixed = 8, kEthernetIp4 = 28;
  if (!state.rest.Has(kFixed)) return state.Cut(kFixed, DecodeStatus::kArpTruncated);
  const uint8_t* at = state.rest.at;
  const uint16_t hardware = LoadBe16(at), protocol = LoadBe16(at + 2);
  if ((hardware != 1 && hardware != 6) || protocol != 0x0800) {
    return state.End(DecodeStatus::kUnknownEtherType);
  }
  if (at[4] != 6 || at[5] != 4) return state.End(DecodeStatus::kArpBadLengths);
  if (!state.rest.Has(kEthernetIp4)) return state.Cut(kEthernetIp4, DecodeStatus::kArpTruncated);
  ArpFields& arp = state.out.arp;
  arp.operation = LoadBe16(at + 6);
  arp.sender_mac = LoadMac(at + 8);
  arp.sender_ip = LoadIp4(at + 14);
  arp.target_mac = LoadMac(at + 18);
  arp.target_ip = LoadIp4(at + 24);
  state.out.is_arp = true;
  ResetTransport(state.out);
  SetPayload(state.out, {});
  state.out.deepest = Layer::kNetwork;
  NoteOddities(state);
  return Next::kEnd;
}

}  // namespace vedette
