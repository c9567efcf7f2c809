#include "dataplane/capture/dpdk_abilities.h"

#include <rte_mempool.h>

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

// Without the ports: fragments and both directions of all that two hosts say lie in one queue.
constexpr uint64_t kPairTypesNeeded = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;
constexpr uint64_t kPairTypesWanted = kPairTypesNeeded | RTE_ETH_RSS_FRAG_IPV4 |
                                      RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |
                                      RTE_ETH_RSS_NONFRAG_IPV6_OTHER | RTE_ETH_RSS_IPV6_EX;
constexpr size_t kKeyBytesMin = 40;  // an IPv6 pair's hash needs 36
constexpr uint16_t kTableSizeMax = 512;

// Header bytes that the MTU does not count, as the driver reckons them.
uint32_t OverheadOf(const rte_eth_dev_info& info) {
  const bool told = info.max_mtu != UINT16_MAX && info.max_rx_pktlen > info.max_mtu;
  return told ? info.max_rx_pktlen - info.max_mtu : RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
}

void PlanFrames(const rte_eth_dev_info& info, const DpdkPortOptions& options, RxPlan& plan) {
  const uint32_t overhead = OverheadOf(info);
  const uint32_t wanted = std::clamp<uint32_t>(options.frame_bytes_max, 64, UINT16_MAX);
  uint32_t frame = info.max_rx_pktlen == 0 ? wanted : std::min(wanted, info.max_rx_pktlen);
  plan.scatter = (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
  if (plan.scatter) plan.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
  const uint32_t mtu_min = std::max<uint32_t>(info.min_mtu, RTE_ETHER_MIN_MTU);
  uint32_t mtu = frame > overhead ? frame - overhead : mtu_min;
  if (info.max_mtu != 0) mtu = std::min<uint32_t>(mtu, info.max_mtu);
  mtu = std::max(mtu, mtu_min);
  frame = mtu + overhead;
  if (frame < wanted) {
    plan.missing.push_back(absl::StrCat("takes frames of up to ", frame, " bytes, ", wanted,
                                        " were asked for: larger ones are lost there"));
  }
  // Without scatter one buffer holds the longest frame; a driver that copies chains them unasked.
  uint32_t segment = std::max<uint32_t>(kSegmentBytes, info.min_rx_bufsize);
  if (!plan.scatter) segment = std::max(segment, frame);
  segment = (segment + 63) / 64 * 64;
  plan.segment_bytes =
      static_cast<uint16_t>(std::min<uint32_t>(segment, UINT16_MAX - RTE_PKTMBUF_HEADROOM));
  plan.mtu = static_cast<uint16_t>(std::min<uint32_t>(mtu, UINT16_MAX));
}

void PlanFanOut(const rte_eth_dev_info& info, size_t workers, RxPlan& plan) {
  if (workers < 2) return;
  const std::string why_not = WhyNoHardwareFanOut(info, workers);
  if (!why_not.empty()) {
    plan.missing.push_back(absl::StrCat(why_not, ": its packets are shared out in software"));
    return;
  }
  plan.queues = workers;
  plan.offloads |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
  plan.rss_types = kPairTypesWanted & info.flow_type_rss_offloads;
  plan.rss_key = SymmetricKey(info.hash_key_size);
  plan.table_size = info.reta_size;
}

}  // namespace

std::string WhyNoHardwareFanOut(const rte_eth_dev_info& info, size_t workers) {
  if (workers > kHashShards) return absl::StrCat("more than ", kHashShards, " workers");
  if (info.max_rx_queues < workers) {
    return absl::StrCat("has ", info.max_rx_queues, " queue(s) for ", workers, " workers");
  }
  if ((info.flow_type_rss_offloads & kPairTypesNeeded) != kPairTypesNeeded) {
    return "cannot hash by the pair of addresses alone";
  }
  if ((info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH) == 0) return "does not give its hash";
  if (info.hash_key_size < kKeyBytesMin) return "takes no key of 40 bytes";
  const bool table_fits = info.reta_size >= kHashShards && info.reta_size <= kTableSizeMax &&
                          std::has_single_bit(info.reta_size);
  if (!table_fits) {
    return absl::StrCat("has a redirection table of ", info.reta_size,
                        " entries, wanted a power of two from 16 to ", kTableSizeMax);
  }
  return "";
}

RxPlan PlanRx(const rte_eth_dev_info& info, const DpdkPortOptions& options, size_t workers) {
  RxPlan plan;
  PlanFrames(info, options, plan);
  PlanFanOut(info, workers, plan);
  if ((info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP) != 0) {
    plan.time_stamps = true;
    plan.offloads |= RTE_ETH_RX_OFFLOAD_TIMESTAMP;
  } else {
    plan.missing.emplace_back(
        "gives no time stamps: a packet's time is that of the poll, by the processor's counter and "
        "the host's clock");
  }
  // Tags are part of what is decoded and checksums are verified for every layer: neither is left to
  // the port, so there is nothing else to ask for.
  return plan;
}

std::vector<uint16_t> RedirectionTable(uint16_t size, size_t queues) {
  std::vector<uint16_t> table(size);
  for (size_t i = 0; i < size; ++i) table[i] = static_cast<uint16_t>(i % kHashShards % queues);
  return table;
}

std::vector<uint8_t> SymmetricKey(size_t bytes) {
  std::vector<uint8_t> key(bytes);
  for (size_t i = 0; i < bytes; ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  return key;
}

uint32_t PoolSize(uint32_t descriptors, size_t queues, size_t segments_a_frame) {
  // A poller keeps one burst and its cache may hold half as much again as its size.
  const size_t in_use = kBurstMax * 2 * segments_a_frame + RTE_MEMPOOL_CACHE_MAX_SIZE * 3 / 2;
  const size_t buffers = queues * (descriptors + in_use);
  // A pool's ring holds a power of two less one.
  return static_cast<uint32_t>(std::bit_ceil(buffers + 1) - 1);
}

}  // namespace vedette
