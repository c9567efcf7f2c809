// The first bytes of one side of a TCP connection, put in order: for messages that go on in the
// next segment (a ClientHello, DNS behind a length). Places are few and of fixed size; one is lent
// to a side until it is released or another needs it more. One segment may come early. What was
// seen first counts when bytes are sent again. Owned by an Inspector; its worker's thread only.
// Memory: kPlaces * (kBytes + 64), made at start.
#ifndef VEDETTE_DATAPLANE_INSPECT_TCP_BYTES_H_
#define VEDETTE_DATAPLANE_INSPECT_TCP_BYTES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/capture/packet_source.h"

namespace vedette {

class TcpBytes {
 public:
  static constexpr size_t kPlaces = 32;
  static constexpr size_t kBytes = 4'096;

  class Place {
   public:
    // In order and without a gap, oldest first.
    Bytes bytes() const noexcept { return {bytes_.data(), filled_}; }
    bool full() const noexcept { return filled_ == kBytes; }
    // False when the segment cannot be kept: too far ahead, or a second one ahead of a gap.
    bool Add(uint32_t sequence, Bytes segment) noexcept;
    // Forgets the oldest bytes; more than are here: also passes over those that will come.
    void Consume(size_t bytes) noexcept;

   private:
    friend class TcpBytes;
    uint32_t first_sequence_ = 0;
    size_t filled_ = 0;
    size_t early_begin_ = 0, early_end_ = 0;  // of a segment ahead of a gap; equal: none
    std::array<std::byte, kBytes> bytes_;
  };

  TcpBytes() : places_(kPlaces) {}

  // Null when this side has none. `owner` is a flow's address and never read.
  Place* Find(const void* owner, uint8_t side, uint64_t now_us) noexcept;
  // The place used longest ago gives way. `sequence`: of the first byte that will be kept.
  Place& Lend(const void* owner, uint8_t side, uint32_t sequence, uint64_t now_us) noexcept;
  void Release(const Place& place) noexcept {
    lendings_[static_cast<size_t>(&place - places_.data())].owner = nullptr;
  }
  void ReleaseAll(const void* owner) noexcept;

 private:
  struct Lending {
    const void* owner = nullptr;
    uint64_t used_us = 0;
    uint8_t side = 0;
  };

  std::array<Lending, kPlaces> lendings_{};  // apart from the bytes: searched in a few cache lines
  std::vector<Place> places_;
  size_t lent_ = 0;  // places behind these were never lent
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_TCP_BYTES_H_
