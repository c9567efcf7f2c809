// Reads pcapng from windows of bytes: several sections, both byte orders, interfaces of different
// link types and snap lengths in one file (which libpcap 1.10 refuses). A pure function of those
// bytes, without copies; the window may be cut anywhere. Blocks that hold no packets are skipped
// whatever their length. Options are untrusted: one that is malformed ends its list and the
// defaults hold, because the packets behind it can still be read. Source: draft-ietf-opsawg-pcapng.
// Owned by a CaptureFile, called by the thread that polls the source; the interface table is
// allocated by the constructor, nothing afterwards.
#ifndef VEDETTE_DATAPLANE_CAPTURE_PCAPNG_READER_H_
#define VEDETTE_DATAPLANE_CAPTURE_PCAPNG_READER_H_

#include <vector>

#include "dataplane/capture/capture_record.h"

namespace vedette {

// How an interface counts time. value * multiply / divide, or value * 1e6 >> shift, in
// microseconds.
class TimeResolution {
 public:
  // The byte of option if_tsresol: 10^-n, or 2^-n with the top bit set.
  static TimeResolution FromOption(uint8_t option) noexcept;
  // With if_tsoffset; clamped to [0, kLatestArrivalUs].
  uint64_t ToUs(uint64_t value, int64_t offset_seconds) const noexcept;

 private:
  uint64_t multiply_ = 1;
  uint64_t divide_ = 1;  // 0: finer than any value can tell
  uint8_t shift_ = 0;
};

class PcapngReader {
 public:
  static constexpr uint32_t kInterfacesMax = 4096;
  // Longer claims are damage, not blocks.
  static constexpr uint32_t kBlockBytesMax = 16 << 20;
  // Blocks that are read, not skipped, must fit into a window.
  static constexpr uint32_t kWindowNeededMax = kCapturedLengthMax + (128 << 10);

  PcapngReader() { interfaces_.reserve(kInterfacesMax); }

  // The first four bytes are a section header's block type.
  static bool Recognizes(Bytes head) noexcept;

  // Reads at the window's first byte. Reports damage with an offset relative to that byte; a block
  // that was passed over in pieces began before it (modulo 2^64).
  ReadStep Next(Bytes window, CaptureRecord& record) noexcept;

  // What is wrong if the file ends with `left` bytes where `needed` were asked for; kNone at a
  // block's border.
  Damage AtEnd(uint64_t left, uint32_t needed) const noexcept;

  const Damage& damage() const noexcept { return damage_; }

 private:
  struct Interface {
    LinkType link = LinkType::kUnsupported;
    uint16_t link_number = 0;
    uint32_t snap_length = 0;  // 0: none
    int64_t offset_seconds = 0;
    TimeResolution resolution;
  };
  struct PacketFields {
    uint32_t interface_number;
    uint64_t time;
    uint32_t captured;
    uint32_t wire;
    uint32_t data_at;  // from the block's first byte
  };

  ReadStep ReadBlock(Bytes window, CaptureRecord& record) noexcept;
  ReadStep ReadWhole(uint32_t type, Bytes block, CaptureRecord& record) noexcept;
  ReadStep ReadSection(Bytes window) noexcept;
  ReadStep ReadInterface(Bytes block) noexcept;
  void ReadInterfaceOptions(Bytes options, Interface& to) const noexcept;
  ReadStep ReadEnhancedPacket(Bytes block, CaptureRecord& record) noexcept;
  ReadStep ReadObsoletePacket(Bytes block, CaptureRecord& record) noexcept;
  ReadStep ReadSimplePacket(Bytes block, CaptureRecord& record) noexcept;
  ReadStep Fill(const PacketFields& fields, Bytes block, CaptureRecord& record) noexcept;
  ReadStep Skip(Bytes window) noexcept;
  ReadStep Fail(DamageKind kind, uint64_t found, uint64_t allowed,
                const char* detail = "") noexcept;
  bool LengthPossible(uint32_t length) const noexcept {
    return length >= 12 && length % 4 == 0 && length <= kBlockBytesMax;
  }
  uint32_t Load32(Bytes block, size_t at) const noexcept {
    return LoadInteger<uint32_t>(block.data() + at, swapped_);
  }
  uint16_t Load16(Bytes block, size_t at) const noexcept {
    return LoadInteger<uint16_t>(block.data() + at, swapped_);
  }

  bool in_section_ = false;
  bool swapped_ = false;
  uint32_t skip_left_ = 0;    // bytes of a skipped block still to come, its trailer included
  uint32_t skip_length_ = 0;  // that block's length
  std::vector<Interface> interfaces_;
  Damage damage_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_PCAPNG_READER_H_
