// One bidirectional flow (RFC 5103) as its shard keeps it. Owned by the FlowTable.
#ifndef VEDETTE_DATAPLANE_TRACK_FLOW_H_
#define VEDETTE_DATAPLANE_TRACK_FLOW_H_

#include <array>
#include <cstdint>

#include "dataplane/decode/decode.h"

namespace vedette {

// Canonical, as Community ID has it: (low_ip, low_port) <= (high_ip, high_port) by bytes, so that
// both directions share a key. ICMP has types for ports (community_id.h); of a message that nobody
// answers the sender is "low". No VLAN: a tag on one direction only does not split a
// flow; FlowTable compares tags apart.
struct FlowKey {
  IpAddress low_ip, high_ip;
  uint16_t low_port = 0, high_port = 0;
  uint8_t protocol = 0;
  friend bool operator==(const FlowKey&, const FlowKey&) = default;
  friend auto operator<=>(const FlowKey&, const FlowKey&) = default;
};

enum class FlowState : uint8_t {
  kNew,          // packets of one side only, no handshake
  kSyn,          // SYN seen
  kSynAck,       // SYN-ACK seen
  kEstablished,  // handshake complete, or both sides talked
  kMidstream,    // TCP that began before the capture
  kReset,
  kClosed
};
enum class FlowEnd : uint8_t { kNone, kIdle, kActive, kEnd, kForced, kLackOfResources };
enum class Direction : uint8_t { kOutbound, kInbound, kInternal, kExternal };
// What became of the initiator's wish to talk.
enum class FlowOutcome : uint8_t { kPending, kAccepted, kRefused, kUnanswered };

inline constexpr uint16_t kNoSlot = 0xffff;

// The first line is all that the first SYN of a connection writes: of most such flows under a flood
// of spoofed ones it is the only one ever used. Of a flow that `is_sole` the rest is not set until
// Unfold.
struct alignas(64) Flow {
  FlowKey key;
  uint16_t vlan = 0;
  uint8_t vlan_count = 0, tunnel_count = 0;
  // Owned by FlowTable.
  bool in_use = false;
  bool is_sole = false;  // one SYN of the initiator, no other packet yet
  // Index 0: from the initiator, 1: from the responder.
  bool initiator_is_low = true;
  bool initiator_is_home = false;
  FlowState state = FlowState::kNew;
  FlowOutcome outcome = FlowOutcome::kPending;
  Direction direction = Direction::kInternal;
  bool first_contact = false;  // first flow of this address pair that the shard remembers
  uint16_t sole_bytes = 0;     // IP total length of the SYN
  uint64_t last_us = 0;

  uint64_t first_us = 0;                               // of the flow
  uint64_t start_us = 0;                               // of this part
  std::array<uint64_t, 2> packets{}, bytes{};          // of this part, IP total lengths
  std::array<uint64_t, 2> all_packets{}, all_bytes{};  // of the flow
  uint64_t call_start_us = 0;  // start of the current burst of talk (see Contact)
  uint64_t call_bytes_out = 0, call_bytes_in = 0;
  uint16_t stream_slot = kNoSlot;  // inspect's places for this flow
  uint16_t name_slot = 0;
  std::array<uint8_t, 2> tcp_flags{};
  uint8_t app = 0;  // AppProtocol, set by inspect
  uint32_t part = 0;
  std::array<uint16_t, kVlansMax> vlans{};
  std::array<Tunnel, kTunnelsMax> tunnels{};

  const IpAddress& initiator_ip() const { return initiator_is_low ? key.low_ip : key.high_ip; }
  const IpAddress& responder_ip() const { return initiator_is_low ? key.high_ip : key.low_ip; }
  uint16_t initiator_port() const { return initiator_is_low ? key.low_port : key.high_port; }
  uint16_t responder_port() const { return initiator_is_low ? key.high_port : key.low_port; }
  bool one_way() const { return is_sole || all_packets[0] == 0 || all_packets[1] == 0; }
  // Writes what a sole packet's first line stands for.
  void Unfold() noexcept;
};

// An ended flow, or an ended part of a long-running one.
struct FlowRecord {
  Flow flow;
  FlowEnd end = FlowEnd::kNone;
  std::array<char, 64> server_name{};  // NUL-terminated, bytes as on the wire: hostile
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_FLOW_H_
