// Where packets come from. A source is polled by one core and owned by it; live, replay and test
// differ in nothing but the source. Times are those of the packets: nothing here asks a clock.
#ifndef VEDETTE_DATAPLANE_CAPTURE_PACKET_SOURCE_H_
#define VEDETTE_DATAPLANE_CAPTURE_PACKET_SOURCE_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vedette {

using Bytes = std::span<const std::byte>;

// Time since 1970 UTC by the capture's clock, cut to microseconds by every source.
struct Timestamp {
  uint64_t us = 0;
  constexpr uint64_t second() const { return us / 1'000'000; }
  constexpr uint64_t ms() const { return us / 1'000; }
  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
};

// How the first byte of a packet is to be read. Values are ours; sources translate LINKTYPE_*.
enum class LinkType : uint8_t {
  kEthernet,
  kRawIp,        // IPv4 or IPv6 by the version nibble (LINKTYPE_RAW, _IPV4, _IPV6)
  kNull,         // 4-byte address family in either byte order (LINKTYPE_NULL, _LOOP)
  kLinuxSll,     // "cooked" v1
  kLinuxSll2,    // "cooked" v2
  kPpp,          // RFC 1661 protocol field, with or without HDLC address and control
  kIeee80211,    // 802.11 data frames
  kRadiotap,     // 802.11 behind a radiotap header
  kUnsupported,  // counted as link.unsupported
};

// A record that claims more than this is believed for its captured bytes only: a capture file may
// say 2 GB. 262,144 is the largest snap length libpcap uses.
inline constexpr uint32_t kWireLengthMax = 262'144;

// Borrowed bytes of one packet. Valid until the burst it came in is released.
struct PacketView {
  Bytes bytes;
  uint32_t wire_length = 0;  // >= bytes.size(); larger when the snap length cut
  LinkType link = LinkType::kEthernet;
  Timestamp arrival;  // never runs backwards within a source
  // The NIC's symmetric hash of the address pair, where it has one: its low bits chose the queue.
  uint32_t rss_hash = 0;
  bool has_rss_hash = false;
};

inline constexpr size_t kBurstMax = 32;

// All packets of a burst lie in the same whole second as `now`; sources cut bursts at second
// borders, so that a burst never has to be split. `now` may move with no packet at all.
struct PacketBurst {
  std::array<PacketView, kBurstMax> packets;
  size_t count = 0;
  Timestamp now;

  std::span<const PacketView> views() const { return {packets.data(), count}; }
};

enum class SourceState : uint8_t { kOpen, kEnded };

class PacketSource {
 public:
  virtual ~PacketSource() = default;
  // Fills the burst, or leaves count 0. One virtual call a burst, not a packet.
  virtual SourceState Receive(PacketBurst& burst) noexcept = 0;
  // Gives the burst's buffers back.
  virtual void Release(PacketBurst& burst) noexcept { burst.count = 0; }
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_PACKET_SOURCE_H_
