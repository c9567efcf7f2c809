#include "dataplane/capture/dpdk_source.h"

#include <pthread.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf_dyn.h>
#include <rte_pause.h>
#include <rte_prefetch.h>
#include <sched.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

namespace vedette {
namespace {

constexpr uint64_t kUsPerSecond = 1'000'000;
constexpr uint64_t kClockCheckUs = 100'000;
// Virtual devices have the kernel's queue behind them: a nap of this length costs it 20 packets at
// 425,000 a second, and an idle sensor next to nothing. NICs are polled without a pause.
constexpr uint64_t kIdlePollsMax = 2'000;
constexpr long kNapNs = 50'000;
// After a stop: what rings and queues may hold. More than that arrives faster than it is read.
constexpr uint64_t kDrainPacketsMax = 262'144;

}  // namespace

Bytes FrameJoiner::Join(const rte_mbuf& frame, size_t place) noexcept {
  std::byte* const begin = bytes_.get() + place * kFrameBytesMax;
  size_t size = 0;
  for (const rte_mbuf* segment = &frame; segment != nullptr; segment = segment->next) {
    const size_t bytes = std::min<size_t>(segment->data_len, kFrameBytesMax - size);
    std::memcpy(begin + size, rte_pktmbuf_mtod(segment, const std::byte*), bytes);
    size += bytes;
  }
  return {begin, size};
}

std::optional<TimeStampField> TimeStampField::Find() noexcept {
  const int offset = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, nullptr);
  const int bit = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, nullptr);
  if (offset < 0 || bit < 0) return std::nullopt;
  return TimeStampField{.offset = offset, .flag = uint64_t{1} << bit};
}

DpdkSource::DpdkSource(std::vector<DpdkQueue> queues, const DpdkSourceOptions& options)
    : options_(options), clock_(options.start), now_us_(options.start.us) {
  for (const DpdkQueue& queue : queues) {
    Polled& polled = polled_.emplace_back(Polled{.queue = queue, .port = queue.device.port()});
    if (queue.device.plan().time_stamps) polled.clock.emplace(polled.port);
    may_nap_ = may_nap_ && !queue.device.pci();
  }
  time_stamp_ = TimeStampField::Find();
}

DpdkSource::~DpdkSource() {
  rte_pktmbuf_free_bulk(held_.data(), static_cast<unsigned>(held_count_));
}

// On the polling thread: it becomes one of DPDK's, so that its buffers come from a cache of its
// own.
void DpdkSource::Begin() noexcept {
  begun_ = true;
  if (options_.processor >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(options_.processor, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
  }
  registered_ = rte_thread_register() == 0;
}

void DpdkSource::MoveTime() noexcept {
  const uint64_t next_second_end_us = (now_us_ / kUsPerSecond + 2) * kUsPerSecond - 1;
  now_us_ = std::min(std::max(clock_.Now().us, now_us_), next_second_end_us);
  if (now_us_ - clocks_checked_us_ < kClockCheckUs) return;
  clocks_checked_us_ = now_us_;
  for (Polled& polled : polled_) {
    if (polled.clock) polled.clock->Check({now_us_});
  }
}

SourceState DpdkSource::Receive(PacketBurst& burst) noexcept {
  burst.count = 0;
  if (!begun_) {
    Begin();
    burst.now = {now_us_};
    return SourceState::kOpen;
  }
  if (!ending_ && stop_.load(std::memory_order_acquire)) BeginToEnd();
  MoveTime();
  burst.now = {now_us_};
  Poll(burst);
  if (!ending_) return SourceState::kOpen;
  left_to_drain_ -= std::min<uint64_t>(left_to_drain_, burst.count);
  if (burst.count != 0 && left_to_drain_ != 0) return SourceState::kOpen;
  End();
  return SourceState::kEnded;
}

void DpdkSource::BeginToEnd() noexcept {
  ending_ = true;
  left_to_drain_ = kDrainPacketsMax;
  for (Polled& polled : polled_) {
    if (!options_.counts_losses) break;
    const absl::StatusOr<InterfaceCounters> seen = polled.queue.device.ReadInterface();
    if (seen.ok()) polled.seen_at_stop = *seen;
  }
}

void DpdkSource::End() noexcept {
  for (const Polled& polled : polled_) {
    if (!polled.seen_at_stop) continue;
    polled.queue.device.FinishLosses(
        *polled.seen_at_stop, polled.queue.counters.received.load(std::memory_order_relaxed));
  }
  static_cast<void>(losses());
  ended_.store(true, std::memory_order_release);
  if (registered_) rte_thread_unregister();
  registered_ = false;
}

void DpdkSource::Poll(PacketBurst& burst) noexcept {
  for (size_t tries = 0; tries < polled_.size(); ++tries) {
    Polled& from = polled_[next_];
    next_ = next_ + 1 == polled_.size() ? 0 : next_ + 1;
    if (from.queue.device.removed()) continue;
    const size_t frames =
        rte_eth_rx_burst(from.port, options_.queue, held_.data(), static_cast<uint16_t>(kBurstMax));
    if (frames == 0) {
      from.queue.counters.Emptied();
      continue;
    }
    from.queue.counters.Received(frames);
    held_count_ = frames;
    idle_polls_ = 0;
    Fill(from, frames, burst);
    return;
  }
  Nap();
}

void DpdkSource::Fill(const Polled& from, size_t frames, PacketBurst& burst) noexcept {
  for (size_t i = 0; i < frames; ++i) rte_prefetch0(rte_pktmbuf_mtod(held_[i], const void*));
  const uint64_t second_begin_us = now_us_ / kUsPerSecond * kUsPerSecond;
  const bool stamped = from.clock && from.clock->known() && time_stamp_;
  for (size_t i = 0; i < frames; ++i) {
    // Decoding reads the tag where the wire had it.
    if ((held_[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) rte_vlan_insert(&held_[i]);
    const rte_mbuf& frame = *held_[i];
    PacketView& view = burst.packets[i];
    view.bytes = joiner_.BytesOf(frame, i);
    view.wire_length = std::max<uint32_t>(frame.pkt_len, static_cast<uint32_t>(view.bytes.size()));
    view.link = LinkType::kEthernet;
    view.arrival = {now_us_};
    if (stamped && time_stamp_->Set(frame)) {
      latest_us_ = std::max(latest_us_, second_begin_us);
      view.arrival = from.clock->TimeOf(time_stamp_->Of(frame), {latest_us_}, {now_us_});
    }
    latest_us_ = view.arrival.us;
    view.has_rss_hash = options_.hardware_fan_out && (frame.ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0;
    view.rss_hash = view.has_rss_hash ? frame.hash.rss : 0;
  }
  burst.count = frames;
}

void DpdkSource::Nap() noexcept {
  if (!may_nap_ || ending_ || ++idle_polls_ < kIdlePollsMax) {
    rte_pause();
    return;
  }
  const timespec nap = {.tv_sec = 0, .tv_nsec = kNapNs};
  nanosleep(&nap, nullptr);
}

void DpdkSource::Release(PacketBurst& burst) noexcept {
  rte_pktmbuf_free_bulk(held_.data(), static_cast<unsigned>(held_count_));
  held_count_ = 0;
  burst.count = 0;
}

SourceLosses DpdkSource::losses() const noexcept {
  if (!options_.counts_losses) return {};
  const std::lock_guard<std::mutex> lock(losses_mutex_);
  if (ended_.load(std::memory_order_acquire)) return losses_;
  SourceLosses sum;
  for (const Polled& polled : polled_) {
    sum +=
        polled.queue.device.Losses(polled.queue.counters.received, polled.queue.counters.emptied);
  }
  losses_ = sum;
  return sum;
}

}  // namespace vedette
