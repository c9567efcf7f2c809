// Copies of one second's packets of one shard, for whoever finds out later which of them mattered:
// fixed memory, made at start; when it is full further packets are counted and not kept. Of a pair
// of addresses only the first so many of a second are kept, so that a flood leaves room for others.
// Written by a worker, handed over whole, read and given back by the control thread.
#ifndef VEDETTE_DATAPLANE_WORKER_PACKET_TAPE_H_
#define VEDETTE_DATAPLANE_WORKER_PACKET_TAPE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>

#include "dataplane/capture/packet_source.h"
#include "dataplane/track/packet_keys.h"

namespace vedette {

struct TapedPacket {
  uint64_t arrival_us = 0;
  FlowKey flow;                // set when has_flow
  EndpointKey source, target;  // target: set when has_target
  uint32_t wire_length = 0, kept_bytes = 0;
  LinkType link = LinkType::kEthernet;
  bool has_flow = false, has_target = false;

  // They lie behind it.
  Bytes bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(this + 1), kept_bytes};
  }
  // With its bytes, up to the next.
  size_t size() const noexcept { return (sizeof(TapedPacket) + kept_bytes + 7) & ~size_t{7}; }
};
static_assert(std::is_trivially_copyable_v<TapedPacket> && alignof(TapedPacket) == 8);

struct TapeOptions {
  size_t bytes = 0;              // of a tape
  uint32_t snap_length = 1'536;  // kept of a packet
  uint8_t packets_of_pair = 64;  // in a second; pairs of one slot share them
};

class PacketTape {
 public:
  explicit PacketTape(const TapeOptions& options)
      : options_(options), bytes_(std::make_unique_for_overwrite<uint64_t[]>(options.bytes / 8)) {}

  void Append(const PacketView& view, const PacketKeys& keys) noexcept {
    uint8_t& kept = kept_of_[keys.pair_hash.value >> 48 & (kSlots - 1)];
    if (kept >= options_.packets_of_pair) return;
    const TapedPacket packet{
        .arrival_us = view.arrival.us,
        .flow = keys.flow,
        .source = keys.source,
        .target = keys.target,
        .wire_length = view.wire_length,
        .kept_bytes = static_cast<uint32_t>(
            view.bytes.size() < options_.snap_length ? view.bytes.size() : options_.snap_length),
        .link = view.link,
        .has_flow = keys.has_flow,
        .has_target = keys.has_target};
    if (packet.size() > options_.bytes - used_) {
      ++refused_;
      return;
    }
    ++kept;
    std::byte* const at = reinterpret_cast<std::byte*>(bytes_.get()) + used_;
    std::memcpy(at, &packet, sizeof(TapedPacket));
    if (packet.kept_bytes != 0) {
      std::memcpy(at + sizeof(TapedPacket), view.bytes.data(), packet.kept_bytes);
    }
    used_ += packet.size();
  }

  void Clear() noexcept {
    used_ = 0;
    refused_ = 0;
    kept_of_.fill(0);
  }
  void SetPlace(uint64_t second, size_t shard) noexcept {
    second_ = second;
    shard_ = shard;
  }
  uint64_t second() const noexcept { return second_; }
  size_t shard() const noexcept { return shard_; }
  bool empty() const noexcept { return used_ == 0 && refused_ == 0; }
  uint64_t refused() const noexcept { return refused_; }
  // In whole words, packet behind packet in the order in which they came: for EachTaped.
  std::span<const uint64_t> words() const noexcept { return {bytes_.get(), used_ / 8}; }

 private:
  static constexpr size_t kSlots = 4'096;

  TapeOptions options_;
  std::unique_ptr<uint64_t[]> bytes_;
  size_t used_ = 0;
  uint64_t refused_ = 0;
  uint64_t second_ = 0;
  size_t shard_ = 0;
  std::array<uint8_t, kSlots> kept_of_{};
};

// Calls visit(packet) for each in what tapes hold, or in a copy of it.
template <typename Visit>
void EachTaped(std::span<const uint64_t> words, Visit&& visit) {
  for (size_t at = 0; at < words.size();) {
    const auto& packet = *reinterpret_cast<const TapedPacket*>(&words[at]);
    visit(packet);
    at += packet.size() / 8;
  }
}

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_PACKET_TAPE_H_
