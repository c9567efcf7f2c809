// What a port is asked to do, from what it says it can: decisions alone, no calls, so that they are
// tested without the NIC. Set-up only.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DPDK_ABILITIES_H_
#define VEDETTE_DATAPLANE_CAPTURE_DPDK_ABILITIES_H_

#include <rte_ethdev.h>

#include <array>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "dataplane/capture/dpdk_port.h"

namespace vedette {

// Shards are chosen by the low bits of the hash: as many as dataplane/worker has.
inline constexpr size_t kHashShards = 16;
// A frame's Ethernet header, one VLAN tag, checksum.
inline constexpr uint32_t kFrameOverheadBytes = 14 + 4 + 4;
inline constexpr uint16_t kSegmentBytes = 2'048;

struct RxPlan {
  size_t queues = 1;
  uint16_t mtu = 1'500;
  uint16_t segment_bytes = kSegmentBytes;  // of one mbuf, without headroom
  bool scatter = false;                    // a frame may lie in several mbufs
  bool time_stamps = false;
  uint64_t offloads = 0;
  uint64_t rss_types = 0;  // 0: no RSS
  std::vector<uint8_t> rss_key;
  uint16_t table_size = 0;
  // What the port cannot, and what happens instead: plain sentences without the port's name.
  std::vector<std::string> missing;
};

RxPlan PlanRx(const rte_eth_dev_info& info, const DpdkPortOptions& options, size_t workers);

// Why this port cannot spread address pairs over so many queues; empty: it can.
std::string WhyNoHardwareFanOut(const rte_eth_dev_info& info, size_t workers);

// The queue of each entry of the redirection table: whole shards a queue, as workers own them.
std::vector<uint16_t> RedirectionTable(uint16_t size, size_t queues);

// 0x6d5a, again and again: the Toeplitz hash of (a, b) is then that of (b, a).
std::vector<uint8_t> SymmetricKey(size_t bytes);

// Packet buffers of one port: what the NIC holds, what a worker works on, what caches keep.
uint32_t PoolSize(uint32_t descriptors, size_t queues, size_t segments_a_frame);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DPDK_ABILITIES_H_
