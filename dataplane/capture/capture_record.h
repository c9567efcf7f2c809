// What the readers of capture formats yield: one record, or why there is none. Owned by the
// reader's caller, used by the one thread that polls the source. Every number in a capture is
// untrusted: lengths are checked against the bytes at hand, times are clamped to [1970, 2262].
// Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng; link types: the LINKTYPE_ registry of
// tcpdump.org.
#ifndef VEDETTE_DATAPLANE_CAPTURE_CAPTURE_RECORD_H_
#define VEDETTE_DATAPLANE_CAPTURE_CAPTURE_RECORD_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "dataplane/capture/packet_source.h"

namespace vedette {

// The latest time kept: what an int64 of nanoseconds holds, April 2262. Later ones count as this.
inline constexpr uint64_t kLatestArrivalUs = std::numeric_limits<int64_t>::max() / 1000;

// More captured bytes than this in one record is damage: no capture program writes it.
inline constexpr uint32_t kCapturedLengthMax = kWireLengthMax;

struct CaptureRecord {
  Bytes bytes;               // borrowed from the window given to the reader
  uint64_t arrival_us = 0;   // as recorded: may run backwards
  uint32_t wire_length = 0;  // already believed only as far as PacketView allows
  uint16_t link_number = 0;  // LINKTYPE_ value as recorded
  LinkType link = LinkType::kUnsupported;
  bool has_time = true;  // a simple packet block has none: it counts at the latest time seen
  bool oversized_wire_length = false;

  void SetLengths(Bytes captured, uint32_t claimed_wire_length) noexcept {
    const auto size = static_cast<uint32_t>(captured.size());
    bytes = captured;
    oversized_wire_length = claimed_wire_length > kWireLengthMax;
    wire_length = oversized_wire_length ? size : std::max(claimed_wire_length, size);
  }
};

// LINKTYPE_ value to ours. Values above 16 bits are no link type.
LinkType LinkTypeOf(uint32_t link_number) noexcept;

// Why a capture file could not be read on. Built on the packet path, so it holds numbers and static
// text only; DamageText makes the sentence afterwards.
enum class DamageKind : uint8_t {
  kNone,
  kReadFailed,
  kChanged,
  kCompressedEnd,
  kCompressedCorrupt,
  kCompressedMemory,
  kFileHeaderEnd,
  kVersion,
  kRecordEnd,
  kCapturedLength,
  kBlockEnd,
  kBlockLength,
  kBlockTrailer,
  kBlockTooShort,
  kByteOrder,
  kNoSection,
  kNoInterface,
  kTooManyInterfaces,
  kBlockCapturedLength,
};

struct Damage {
  DamageKind kind = DamageKind::kNone;
  uint64_t offset_bytes = 0;  // in the uncompressed stream
  uint64_t found = 0;
  uint64_t allowed = 0;
  const char* detail = "";  // static text of a library or a format's name
};

// "a record claims 70000000 captured bytes, at most 262144 are possible"
std::string DamageText(const Damage& damage);

// What a reader did with the window it was shown.
enum class ReadState : uint8_t {
  kPacket,      // the record is filled in; its bytes lie in the window
  kSkipped,     // bytes that hold no packet
  kMoreNeeded,  // show `needed` bytes or more, from the same first byte
  kDamaged,     // reading ends here; see damage()
};

struct ReadStep {
  ReadState state;
  uint32_t consumed = 0;  // bytes the reader is done with
  uint32_t needed = 0;    // kMoreNeeded only
};

// Unaligned loads in the byte order of the machine or the other one.
template <typename T>
T LoadInteger(const std::byte* at, bool swapped) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  if (!swapped) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_CAPTURE_RECORD_H_
