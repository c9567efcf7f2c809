// Reads pcap (micro- and nanoseconds, both byte orders, and the variants libpcap reads) from
// windows of bytes. A pure function of those bytes, without copies: libpcap's own reader would hand
// each packet out of one reused buffer, so that a burst needs a copy, and says no offset of a
// damage; its stdio calls cost more than decoding a small packet does. pcap_reader_test holds this
// reader against libpcap. Owned by a CaptureFile, called by the thread that polls the source;
// allocates nothing.
#ifndef VEDETTE_DATAPLANE_CAPTURE_PCAP_READER_H_
#define VEDETTE_DATAPLANE_CAPTURE_PCAP_READER_H_

#include "dataplane/capture/capture_record.h"

namespace vedette {

class PcapReader {
 public:
  // The largest window a record may need.
  static constexpr uint32_t kWindowNeededMax = 24 + kCapturedLengthMax;

  // The first four bytes are one of the magic numbers.
  static bool Recognizes(Bytes head) noexcept;

  // Reads at the window's first byte. Reports damage with an offset relative to that byte.
  ReadStep Next(Bytes window, CaptureRecord& record) noexcept {
    const std::byte* at = window.data();
    if (window.size() < record_header_bytes_ || !header_read_) return NextSlow(window);
    uint32_t captured = LoadInteger<uint32_t>(at + 8, swapped_);
    uint32_t wire = LoadInteger<uint32_t>(at + 12, swapped_);
    if (lengths_ != LengthOrder::kCapturedFirst) OrderLengths(captured, wire);
    if (captured > kCapturedLengthMax) return Damaged(captured);
    const uint32_t total = record_header_bytes_ + captured;
    if (window.size() < total) return {ReadState::kMoreNeeded, 0, total};
    const uint64_t second = LoadInteger<uint32_t>(at, swapped_);
    const uint32_t fraction = LoadInteger<uint32_t>(at + 4, swapped_);
    // A fraction above one second simply carries over.
    record.arrival_us = second * 1'000'000 + (nanoseconds_ ? fraction / 1000 : fraction);
    record.link = link_;
    record.link_number = link_number_;
    record.has_time = true;
    record.SetLengths(window.subspan(record_header_bytes_, captured), wire);
    return {ReadState::kPacket, total, 0};
  }

  // What is wrong if the file ends with `left` bytes where `needed` were asked for; kNone at a
  // record's border.
  Damage AtEnd(uint64_t left, uint32_t needed) const noexcept;

  const Damage& damage() const noexcept { return damage_; }
  // Valid after the header: LINKTYPE_ value of the whole file.
  uint16_t link_number() const noexcept { return link_number_; }

 private:
  // Files before version 2.3 hold wire length first, 2.3 holds either.
  enum class LengthOrder : uint8_t { kCapturedFirst, kWireFirst, kSmallerIsCaptured };

  ReadStep NextSlow(Bytes window) noexcept;
  ReadStep ReadHeader(Bytes window) noexcept;
  bool ReadVersion(uint16_t major, uint16_t minor) noexcept;
  void OrderLengths(uint32_t& captured, uint32_t& wire) const noexcept;
  ReadStep Damaged(uint32_t captured) noexcept;

  bool header_read_ = false;
  bool swapped_ = false;
  bool nanoseconds_ = false;
  LengthOrder lengths_ = LengthOrder::kCapturedFirst;
  LinkType link_ = LinkType::kUnsupported;
  uint16_t link_number_ = 0;
  uint32_t record_header_bytes_ = 16;
  Damage damage_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_PCAP_READER_H_
