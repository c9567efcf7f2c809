#include "dataplane/capture/pcapng_reader.h"

namespace vedette {
namespace {

__extension__ using Int128 = __int128;

constexpr uint32_t kSectionHeader = 0x0a0d0d0a;  // reads the same in both byte orders
constexpr uint32_t kInterfaceDescription = 1;
constexpr uint32_t kObsoletePacket = 2;
constexpr uint32_t kSimplePacket = 3;
constexpr uint32_t kEnhancedPacket = 6;
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;

// Type and length before the body, length again behind it.
constexpr uint32_t kBlockHeadBytes = 8;
constexpr uint32_t kTrailerBytes = 4;
constexpr uint32_t kSectionBytesMin = 28;
constexpr uint32_t kInterfaceBytesMin = 20;
constexpr uint32_t kSimplePacketBytesMin = 16;
constexpr uint32_t kPacketBytesMin = 32;  // enhanced and obsolete

constexpr uint16_t kOptionEnd = 0;
constexpr uint16_t kOptionTimeResolution = 9;
constexpr uint16_t kOptionTimeOffset = 14;

uint64_t PowerOfTen(uint32_t exponent) {
  uint64_t power = 1;
  for (uint32_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

TimeResolution TimeResolution::FromOption(uint8_t option) noexcept {
  TimeResolution resolution;
  const uint8_t exponent = option & 0x7f;
  if (option & 0x80) {
    resolution.multiply_ = 1'000'000;
    resolution.shift_ = exponent;
  } else if (exponent <= 6) {
    resolution.multiply_ = PowerOfTen(6u - exponent);
  } else {
    // 10^19 is the largest power of ten in 64 bits; beyond, no value reaches a microsecond.
    resolution.divide_ = exponent - 6u > 19 ? 0 : PowerOfTen(exponent - 6u);
  }
  return resolution;
}

uint64_t TimeResolution::ToUs(uint64_t value, int64_t offset_seconds) const noexcept {
  Int128 us = 0;
  if (multiply_ == 1) {
    us = divide_ == 0 ? 0 : value / divide_;
  } else {
    us = (static_cast<Int128>(value) * multiply_) >> shift_;
  }
  us += static_cast<Int128>(offset_seconds) * 1'000'000;
  if (us < 0) return 0;
  if (us > static_cast<Int128>(kLatestArrivalUs)) return kLatestArrivalUs;
  return static_cast<uint64_t>(us);
}

bool PcapngReader::Recognizes(Bytes head) noexcept {
  return head.size() >= 4 && LoadInteger<uint32_t>(head.data(), false) == kSectionHeader;
}

ReadStep PcapngReader::Next(Bytes window, CaptureRecord& record) noexcept {
  return skip_left_ > 0 ? Skip(window) : ReadBlock(window, record);
}

ReadStep PcapngReader::ReadBlock(Bytes window, CaptureRecord& record) noexcept {
  if (window.size() < kBlockHeadBytes) return {ReadState::kMoreNeeded, 0, kBlockHeadBytes};
  const uint32_t type = Load32(window, 0);
  // The byte order of a section is known only from its header.
  if (type == kSectionHeader) return ReadSection(window);
  if (!in_section_) return Fail(DamageKind::kNoSection, type, 0);
  const uint32_t length = Load32(window, 4);
  if (!LengthPossible(length)) return Fail(DamageKind::kBlockLength, length, kBlockBytesMax);
  const bool skipped = type != kInterfaceDescription && type != kObsoletePacket &&
                       type != kSimplePacket && type != kEnhancedPacket;
  if (skipped) {
    skip_left_ = skip_length_ = length;
    return Skip(window);
  }
  if (length > kWindowNeededMax) return Fail(DamageKind::kBlockLength, length, kWindowNeededMax);
  if (window.size() < length) return {ReadState::kMoreNeeded, 0, length};
  const uint32_t trailer = Load32(window, length - kTrailerBytes);
  if (trailer != length) return Fail(DamageKind::kBlockTrailer, trailer, length);
  return ReadWhole(type, window.first(length), record);
}

ReadStep PcapngReader::ReadWhole(uint32_t type, Bytes block, CaptureRecord& record) noexcept {
  if (type == kEnhancedPacket) return ReadEnhancedPacket(block, record);
  if (type == kSimplePacket) return ReadSimplePacket(block, record);
  if (type == kObsoletePacket) return ReadObsoletePacket(block, record);
  return ReadInterface(block);
}

// The section's own length is not needed, and not to be trusted.
ReadStep PcapngReader::ReadSection(Bytes window) noexcept {
  if (window.size() < kSectionBytesMin) return {ReadState::kMoreNeeded, 0, kSectionBytesMin};
  const auto magic = LoadInteger<uint32_t>(window.data() + 8, false);
  if (magic != kByteOrderMagic && magic != __builtin_bswap32(kByteOrderMagic)) {
    return Fail(DamageKind::kByteOrder, magic, 0);
  }
  swapped_ = magic != kByteOrderMagic;
  const uint32_t length = Load32(window, 4);
  if (!LengthPossible(length)) return Fail(DamageKind::kBlockLength, length, kBlockBytesMax);
  if (length < kSectionBytesMin) return Fail(DamageKind::kBlockTooShort, length, kSectionBytesMin);
  const uint16_t major = Load16(window, 12);
  if (major != 1) return Fail(DamageKind::kVersion, major, 1, "a section header, major number");
  in_section_ = true;
  interfaces_.clear();
  skip_left_ = skip_length_ = length;
  return Skip(window);
}

ReadStep PcapngReader::ReadInterface(Bytes block) noexcept {
  const auto length = static_cast<uint32_t>(block.size());
  if (length < kInterfaceBytesMin) {
    return Fail(DamageKind::kBlockTooShort, length, kInterfaceBytesMin);
  }
  if (interfaces_.size() == kInterfacesMax) {
    return Fail(DamageKind::kTooManyInterfaces, kInterfacesMax, kInterfacesMax);
  }
  Interface described;
  described.link_number = Load16(block, 8);
  described.link = LinkTypeOf(described.link_number);
  described.snap_length = Load32(block, 12);
  ReadInterfaceOptions(block.subspan(16, length - kInterfaceBytesMin), described);
  interfaces_.push_back(described);  // within the reserved capacity
  return {ReadState::kSkipped, length, 0};
}

void PcapngReader::ReadInterfaceOptions(Bytes options, Interface& to) const noexcept {
  while (options.size() >= 4) {
    const uint16_t code = Load16(options, 0);
    const uint16_t size = Load16(options, 2);
    const size_t padded = (size_t{size} + 3) & ~size_t{3};
    options = options.subspan(4);
    if (code == kOptionEnd || padded > options.size()) return;
    if (code == kOptionTimeResolution && size == 1) {
      to.resolution = TimeResolution::FromOption(static_cast<uint8_t>(options[0]));
    }
    if (code == kOptionTimeOffset && size == 8) {
      to.offset_seconds = static_cast<int64_t>(LoadInteger<uint64_t>(options.data(), swapped_));
    }
    options = options.subspan(padded);
  }
}

ReadStep PcapngReader::ReadEnhancedPacket(Bytes block, CaptureRecord& record) noexcept {
  if (block.size() < kPacketBytesMin) {
    return Fail(DamageKind::kBlockTooShort, block.size(), kPacketBytesMin);
  }
  const uint64_t time = uint64_t{Load32(block, 12)} << 32 | Load32(block, 16);
  return Fill({Load32(block, 8), time, Load32(block, 20), Load32(block, 24), 28}, block, record);
}

// Like the enhanced one, but with a 16-bit interface number and a count of drops beside it.
ReadStep PcapngReader::ReadObsoletePacket(Bytes block, CaptureRecord& record) noexcept {
  if (block.size() < kPacketBytesMin) {
    return Fail(DamageKind::kBlockTooShort, block.size(), kPacketBytesMin);
  }
  const uint64_t time = uint64_t{Load32(block, 12)} << 32 | Load32(block, 16);
  return Fill({Load16(block, 8), time, Load32(block, 20), Load32(block, 24), 28}, block, record);
}

// Belongs to the first interface, has no time, and its captured length is what the snap length and
// the block leave of the wire length.
ReadStep PcapngReader::ReadSimplePacket(Bytes block, CaptureRecord& record) noexcept {
  const auto length = static_cast<uint32_t>(block.size());
  if (length < kSimplePacketBytesMin) {
    return Fail(DamageKind::kBlockTooShort, length, kSimplePacketBytesMin);
  }
  const uint32_t wire = Load32(block, 8);
  uint32_t captured = std::min(wire, length - kSimplePacketBytesMin);
  if (!interfaces_.empty() && interfaces_[0].snap_length > 0) {
    captured = std::min(captured, interfaces_[0].snap_length);
  }
  const ReadStep step = Fill({0, 0, captured, wire, 12}, block, record);
  record.has_time = false;
  return step;
}

ReadStep PcapngReader::Fill(const PacketFields& fields, Bytes block,
                            CaptureRecord& record) noexcept {
  if (fields.interface_number >= interfaces_.size()) {
    return Fail(DamageKind::kNoInterface, fields.interface_number, interfaces_.size());
  }
  const size_t room = block.size() - fields.data_at - kTrailerBytes;
  if (fields.captured > room) {
    return Fail(DamageKind::kBlockCapturedLength, fields.captured, room);
  }
  if (fields.captured > kCapturedLengthMax) {
    return Fail(DamageKind::kCapturedLength, fields.captured, kCapturedLengthMax);
  }
  const Interface& on = interfaces_[fields.interface_number];
  record.arrival_us = on.resolution.ToUs(fields.time, on.offset_seconds);
  record.has_time = true;
  record.link = on.link;
  record.link_number = on.link_number;
  record.SetLengths(block.subspan(fields.data_at, fields.captured), fields.wire);
  return {ReadState::kPacket, static_cast<uint32_t>(block.size()), 0};
}

// Passes over a block in as many windows as it takes; the trailer is read whole.
ReadStep PcapngReader::Skip(Bytes window) noexcept {
  const auto size = static_cast<uint32_t>(std::min<size_t>(window.size(), kBlockBytesMax));
  if (skip_left_ > kTrailerBytes) {
    const uint32_t body = std::min(skip_left_ - kTrailerBytes, size);
    if (body == 0) return {ReadState::kMoreNeeded, 0, 1};
    skip_left_ -= body;
    return {ReadState::kSkipped, body, 0};
  }
  if (size < kTrailerBytes) return {ReadState::kMoreNeeded, 0, kTrailerBytes};
  const uint32_t trailer = Load32(window, 0);
  if (trailer != skip_length_) {
    const uint64_t passed = skip_length_ - skip_left_;
    const ReadStep step = Fail(DamageKind::kBlockTrailer, trailer, skip_length_);
    damage_.offset_bytes = 0 - passed;
    return step;
  }
  skip_left_ = 0;
  return {ReadState::kSkipped, kTrailerBytes, 0};
}

ReadStep PcapngReader::Fail(DamageKind kind, uint64_t found, uint64_t allowed,
                            const char* detail) noexcept {
  damage_ = {kind, 0, found, allowed, detail};
  return {ReadState::kDamaged};
}

Damage PcapngReader::AtEnd(uint64_t left, uint32_t needed) const noexcept {
  if (skip_left_ > 0) {
    const uint64_t passed = skip_length_ - skip_left_;
    return {DamageKind::kBlockEnd, 0 - passed, passed + left, skip_length_};
  }
  if (left == 0 && in_section_) return {};
  return {DamageKind::kBlockEnd, 0, left, needed};
}

}  // namespace vedette
