#include "dataplane/capture/pcap_reader.h"

#include <utility>

namespace vedette {
namespace {

constexpr uint32_t kMagicMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kMagicNanoseconds = 0xa1b23c4d;
// Alexey Kuznetsov's patched libpcap: 8 more bytes in each record's header.
constexpr uint32_t kMagicPatched = 0xa1b2cd34;
constexpr uint32_t kFileHeaderBytes = 24;
// The upper bits of the link type field hold the length of the frame check sequence.
constexpr uint32_t kLinkNumberMask = 0x03ff'ffff;

bool IsMagic(uint32_t magic) {
  return magic == kMagicMicroseconds || magic == kMagicNanoseconds || magic == kMagicPatched;
}

}  // namespace

bool PcapReader::Recognizes(Bytes head) noexcept {
  if (head.size() < 4) return false;
  return IsMagic(LoadInteger<uint32_t>(head.data(), false)) ||
         IsMagic(LoadInteger<uint32_t>(head.data(), true));
}

ReadStep PcapReader::NextSlow(Bytes window) noexcept {
  if (!header_read_) return ReadHeader(window);
  return {ReadState::kMoreNeeded, 0, record_header_bytes_};
}

ReadStep PcapReader::ReadHeader(Bytes window) noexcept {
  if (window.size() < kFileHeaderBytes) return {ReadState::kMoreNeeded, 0, kFileHeaderBytes};
  const std::byte* at = window.data();
  swapped_ = !IsMagic(LoadInteger<uint32_t>(at, false));
  const auto magic = LoadInteger<uint32_t>(at, swapped_);
  nanoseconds_ = magic == kMagicNanoseconds;
  if (magic == kMagicPatched) record_header_bytes_ = 24;
  if (!ReadVersion(LoadInteger<uint16_t>(at + 4, swapped_),
                   LoadInteger<uint16_t>(at + 6, swapped_))) {
    return {ReadState::kDamaged};
  }
  const uint32_t link_number = LoadInteger<uint32_t>(at + 20, swapped_) & kLinkNumberMask;
  link_ = LinkTypeOf(link_number);
  link_number_ = static_cast<uint16_t>(link_number > 0xffff ? 0xffff : link_number);
  header_read_ = true;
  return {ReadState::kSkipped, kFileHeaderBytes, 0};
}

// As libpcap: 2.0 to 2.4, and 543.0 of an old DG/UX tcpdump.
bool PcapReader::ReadVersion(uint16_t major, uint16_t minor) noexcept {
  const bool odd_543 = major == 543 && minor == 0;
  if (!odd_543 && (major != 2 || minor > 4)) {
    damage_ = {DamageKind::kVersion, 4, major, 2, "a pcap header, major number"};
    if (major == 2) damage_ = {DamageKind::kVersion, 6, minor, 4, "a pcap header, minor number"};
    return false;
  }
  if (odd_543 || minor < 3) lengths_ = LengthOrder::kWireFirst;
  if (major == 2 && minor == 3) lengths_ = LengthOrder::kSmallerIsCaptured;
  return true;
}

void PcapReader::OrderLengths(uint32_t& captured, uint32_t& wire) const noexcept {
  if (lengths_ == LengthOrder::kWireFirst || captured > wire) std::swap(captured, wire);
}

ReadStep PcapReader::Damaged(uint32_t captured) noexcept {
  damage_ = {DamageKind::kCapturedLength, 0, captured, kCapturedLengthMax};
  return {ReadState::kDamaged};
}

Damage PcapReader::AtEnd(uint64_t left, uint32_t needed) const noexcept {
  if (header_read_ && left == 0) return {};
  return {header_read_ ? DamageKind::kRecordEnd : DamageKind::kFileHeaderEnd, 0, left, needed};
}

}  // namespace vedette
