#include "dataplane/capture/capture_record.h"

#include "absl/strings/substitute.h"

namespace vedette {

LinkType LinkTypeOf(uint32_t link_number) noexcept {
  switch (link_number) {
    case 0:    // NULL
    case 108:  // LOOP
      return LinkType::kNull;
    case 1:
      return LinkType::kEthernet;
    case 9:   // PPP
    case 50:  // PPP_HDLC
      return LinkType::kPpp;
    case 12:   // DLT_RAW as some programs write it
    case 14:   // DLT_RAW of OpenBSD
    case 101:  // RAW
    case 228:  // IPV4
    case 229:  // IPV6
      return LinkType::kRawIp;
    case 105:
      return LinkType::kIeee80211;
    case 113:
      return LinkType::kLinuxSll;
    case 127:
      return LinkType::kRadiotap;
    case 276:
      return LinkType::kLinuxSll2;
    default:
      return LinkType::kUnsupported;
  }
}

namespace {

// $0 = found, $1 = allowed, $2 = detail. One case an enumerator: the compiler names a missing one.
const char* Sentence(DamageKind kind) {
  switch (kind) {
    case DamageKind::kNone:
      return "nothing is wrong";
    case DamageKind::kReadFailed:
      return "reading failed: $2";
    case DamageKind::kChanged:
      return "the file could not be opened again at its turn, or is another one now";
    case DamageKind::kCompressedEnd:
      return "the $2 data end in the middle: the file is cut short";
    case DamageKind::kCompressedCorrupt:
      return "the compressed data are damaged: $2";
    case DamageKind::kCompressedMemory:
      return "unpacking needs more memory than the $1 bytes allowed ($2); unpack it first";
    case DamageKind::kFileHeaderEnd:
      return "the file ends inside its header: $0 of $1 bytes are there";
    case DamageKind::kVersion:
      return "format version $0 is unknown, known is $1 ($2)";
    case DamageKind::kRecordEnd:
      return "the file ends inside a packet record: $0 of $1 bytes are there";
    case DamageKind::kCapturedLength:
      return "a packet record claims $0 captured bytes, possible are at most $1";
    case DamageKind::kBlockEnd:
      return "the file ends inside a block: $0 of $1 bytes are there";
    case DamageKind::kBlockLength:
      return "a block claims a length of $0 bytes, possible are multiples of 4 from 12 to $1";
    case DamageKind::kBlockTrailer:
      return "a block ends with length $0, but began with length $1";
    case DamageKind::kBlockTooShort:
      return "a block of $0 bytes is too short for its type, which needs $1";
    case DamageKind::kByteOrder:
      return "a section header's byte-order mark is neither 1a2b3c4d nor 4d3c2b1a";
    case DamageKind::kNoSection:
      return "a block of type $0 stands before any section header";
    case DamageKind::kNoInterface:
      return "a packet names interface number $0, but the section has described $1";
    case DamageKind::kTooManyInterfaces:
      return "a section describes more than $1 interfaces";
    case DamageKind::kBlockCapturedLength:
      return "a packet block claims $0 captured bytes, but has room for $1";
  }
  return "";
}

}  // namespace

std::string DamageText(const Damage& damage) {
  return absl::Substitute(Sentence(damage.kind), damage.found, damage.allowed, damage.detail);
}

}  // namespace vedette
