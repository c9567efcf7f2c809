// The straight path against the layers: the same packet decoded both ways must give the same, field
// by field, as far as a reader may look. Used by a test and by the fuzz target.
#ifndef VEDETTE_TESTS_DATAPLANE_DECODE_SAME_DECODING_H_
#define VEDETTE_TESTS_DATAPLANE_DECODE_SAME_DECODING_H_

#include <algorithm>
#include <cstring>

#include "dataplane/decode/decode.h"
#include "dataplane/decode/layers.h"

namespace vedette {

inline bool SameBytes(Bytes a, Bytes b) { return a.data() == b.data() && a.size() == b.size(); }

inline bool SameFragment(const FragmentFields& a, const FragmentFields& b) {
  return a.id == b.id && a.offset_bytes == b.offset_bytes && a.more == b.more &&
         a.is_fragment == b.is_fragment;
}

// Name of the first group of fields that differs; empty: none.
inline const char* Difference(const DecodedPacket& a, const DecodedPacket& b) {
  const bool ip = a.has_ip();
  if (a.arrival != b.arrival || a.wire_length != b.wire_length ||
      a.captured_length != b.captured_length || a.snap_cut != b.snap_cut) {
    return "frame";
  }
  if (a.deepest != b.deepest || a.status != b.status) return "status";
  if (a.noted_count != b.noted_count ||
      !std::equal(a.noted.begin(), a.noted.begin() + a.noted_count, b.noted.begin())) {
    return "noted";
  }
  if (a.has_mac != b.has_mac || a.is_arp != b.is_arp || a.is_v6 != b.is_v6) return "kind";
  if (a.has_mac && (a.source_mac != b.source_mac || a.target_mac != b.target_mac)) return "mac";
  if (a.vlan_count != b.vlan_count ||
      !std::equal(a.vlans.begin(), a.vlans.begin() + a.vlan_count, b.vlans.begin())) {
    return "vlans";
  }
  if (a.tunnel_count != b.tunnel_count || a.ether_type != b.ether_type) return "tunnels";
  if (ip && (a.source_ip != b.source_ip || a.target_ip != b.target_ip)) return "addresses";
  if (a.ip_total_length != b.ip_total_length || a.ip_header_length != b.ip_header_length ||
      a.ttl != b.ttl || a.protocol != b.protocol || !SameBytes(a.ip_bytes, b.ip_bytes)) {
    return "ip";
  }
  if (!SameFragment(a.fragment, b.fragment)) return "fragment";
  if (a.source_port != b.source_port || a.target_port != b.target_port) return "ports";
  if (a.tcp_flags != b.tcp_flags || a.tcp_window != b.tcp_window ||
      a.tcp_sequence != b.tcp_sequence || a.tcp_acknowledgment != b.tcp_acknowledgment) {
    return "tcp";
  }
  if (a.icmp_type != b.icmp_type || a.icmp_code != b.icmp_code || a.icmp_id != b.icmp_id ||
      a.icmp_sequence != b.icmp_sequence) {
    return "icmp";
  }
  if (!SameBytes(a.payload, b.payload) || a.payload_wire_length != b.payload_wire_length) {
    return "payload";
  }
  if (a.ip_checksum_checked != b.ip_checksum_checked || a.ip_checksum_bad != b.ip_checksum_bad ||
      a.transport_checksum_checked != b.transport_checksum_checked ||
      a.transport_checksum_bad != b.transport_checksum_bad) {
    return "checksums";
  }
  return "";
}

// What was in the structs before must not shine through, so each begins full of other bytes.
inline const char* DifferenceToLayers(const PacketView& view, Checksums checksums) {
  DecodedPacket whole, layered;
  std::memset(static_cast<void*>(&whole), 0x5a, sizeof(whole));
  std::memset(static_cast<void*>(&layered), 0xa5, sizeof(layered));
  Decode(view, checksums, whole);
  DecodeByLayers(view, checksums, layered);
  return Difference(whole, layered);
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_DATAPLANE_DECODE_SAME_DECODING_H_
