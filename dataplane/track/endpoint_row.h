// What one shard saw of one endpoint in one interval. Written by the shard's worker only, handed
// over at the second mark and added up over shards: sums, maxima and set unions, so that neither
// order nor the number of workers can matter.
#ifndef VEDETTE_DATAPLANE_TRACK_ENDPOINT_ROW_H_
#define VEDETTE_DATAPLANE_TRACK_ENDPOINT_ROW_H_

#include <cstdint>
#include <utility>

#include "dataplane/decode/addresses.h"
#include "dataplane/sketch/distinct_bitmap.h"
#include "dataplane/sketch/theta_sketch.h"

namespace vedette {

// An IP address, or a MAC address where a frame shows no IP (bytes 0..5 of `ip`).
struct EndpointKey {
  IpAddress ip;
  uint16_t vlan = 0;
  bool is_mac = false;

  static EndpointKey OfMac(const MacAddress& mac, uint16_t vlan) {
    EndpointKey key{.vlan = vlan, .is_mac = true};
    for (size_t i = 0; i < mac.bytes.size(); ++i) key.ip.bytes[i] = mac.bytes[i];
    return key;
  }
  template <typename H>
  friend H AbslHashValue(H state, const EndpointKey& key) {
    return H::combine(std::move(state), key.ip, key.vlan, key.is_mac);
  }
  friend auto operator<=>(const EndpointKey&, const EndpointKey&) = default;
};

// "in" and "out" are as the endpoint sees it. One line here adds the counter, its merge and its
// place in every view. In the order of use: what every packet counts fills the two cache lines
// behind the key, what flows begin with the next.
// clang-format off
#define VEDETTE_ENDPOINT_COUNTERS(X)                                                    \
  X(packets_in) X(packets_out)                                                          \
  X(bytes_in) X(bytes_out)         /* IP total lengths, else frame */                   \
  X(egress_packets) X(egress_bytes) X(ingress_bytes)  /* over the home border */        \
  X(served_bytes)                  /* of egress_bytes: answers to who asked from outside */ \
  X(tcp_packets) X(udp_packets) X(udp_in)                                               \
  X(checksums_verified)            /* sent packets whose sums could be verified */      \
  X(udp_unasked_in) X(udp_unasked_bytes_in)  /* on flows in which it never sent */      \
  X(udp_answered_in)               /* of these, those whose flow it then answered */    \
  X(flows_accepted)                /* as initiator: the other side answered */          \
  X(syn_in) X(syn_out) X(syn_ack_in) X(syn_ack_out)                                     \
  X(flows_opened)                  /* as initiator, in this interval */                 \
  X(flows_received)                /* as responder */                                   \
  X(syn_flows_in)                  /* as responder: flows that began with a SYN */      \
  X(handshakes_in)                 /* as responder: TCP handshakes completed */         \
  X(fin_in) X(fin_out) X(rst_in) X(rst_out)                                             \
  X(dns_queries) X(dns_answers) X(dns_nxdomain) X(dns_query_bytes)  /* as the asker */  \
  X(flows_refused)                 /* as initiator: RST or ICMP unreachable */          \
  X(flows_unanswered)              /* as initiator: ended without an answer */          \
  X(flows_refused_in)              /* as responder */                                   \
  X(icmp_packets) X(icmp_in) X(icmp_bytes_in)                                           \
  X(icmp_echo_in) X(icmp_echo_out) X(icmp_unreachable_in)                               \
  X(fragments) X(fragments_in) X(other_packets)                                         \
  X(malformed_packets) X(checksum_errors)    /* sent */
// clang-format on

struct EndpointCounters {
#define X(name) uint64_t name = 0;
  VEDETTE_ENDPOINT_COUNTERS(X)
#undef X
  void Merge(const EndpointCounters& other) noexcept {
#define X(name) name += other.name;
    VEDETTE_ENDPOINT_COUNTERS(X)
#undef X
  }
  template <typename Io>
  void Keep(Io& io) {
#define X(name) io(#name, name);
    VEDETTE_ENDPOINT_COUNTERS(X)
#undef X
  }
};

struct alignas(64) EndpointRow {
  EndpointKey key;
  bool home = false;
  bool seen_sending = false;
  bool mac_known = false;
  // Packets, at most, that went to the overflow row before it got a row of its own.
  uint32_t packets_before = 0;
  MacAddress mac;            // of the first frame it sent in the interval
  uint64_t mac_seen_us = 0;  // when that was; the merge keeps the earliest, then the lower MAC
  uint64_t first_us = 0, last_us = 0;  // of packets it sent; 0: none
  EndpointCounters counters;
  // Updated when a flow begins. Salted: these decide alerts.
  DistinctBitmap<512> sources_in;  // who first talked to it
  DistinctBitmap<512> ports_out;   // distinct target ports of the flows it began
  // Exported sets (public seed): peers outside home, and all others; their union is the peers. Only
  // for home rows; pool slots, see theta_sketch.h.
  ThetaHandle destinations, neighbours;
};
// Thousands of devices in each of sixteen shards: a line more is megabytes to write and merge every
// second.
static_assert(sizeof(EndpointRow) == 9 * 64);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_ENDPOINT_ROW_H_
