#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include "dataplane/capture/capture_file.h"
#include "dataplane/capture/pcap_reader.h"
#include "dataplane/capture/pcapng_reader.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

struct ReaderResult {
  uint64_t packets = 0, digest = 0;
  Damage damage;
};

void Keep(const CaptureRecord& record, ReaderResult& result) {
  Require(record.bytes.size() <= kCapturedLengthMax);
  Require(record.wire_length >= record.bytes.size() && record.wire_length <= kWireLengthMax);
  Require(record.arrival_us <= kLatestArrivalUs);
  ++result.packets;
  const auto mix = [&result](uint64_t value) {
    result.digest = (result.digest ^ value) * 0x9e3779b97f4a7c15 + (result.digest >> 29);
  };
  mix(record.arrival_us);
  mix(record.wire_length);
  mix(record.link_number);
  mix(record.bytes.size());
  for (const std::byte b : record.bytes) mix(static_cast<uint64_t>(b));
}

// As a CaptureFile does, but with windows of `chunk` bytes more than was asked for. Each window is
// a block of its own, so that the sanitizer sees its end.
template <typename Reader>
ReaderResult ReadAll(FuzzInput input, size_t chunk) {
  auto reader = std::make_unique<Reader>();
  ReaderResult result;
  CaptureRecord record;
  size_t at = 0, shown = 0;
  while (true) {
    const std::vector<std::byte> window(
        AsBytes(input).begin() + static_cast<ptrdiff_t>(at),
        AsBytes(input).begin() + static_cast<ptrdiff_t>(at + shown));
    const ReadStep step = reader->Next(window, record);
    Require(step.consumed <= window.size());
    if (step.state == ReadState::kPacket) Keep(record, result);
    at += step.consumed;
    shown -= step.consumed;
    if (step.state == ReadState::kDamaged) {
      result.damage = reader->damage();
      break;
    }
    if (step.state != ReadState::kMoreNeeded) {
      Require(step.consumed > 0);
      continue;
    }
    Require(step.needed > window.size() && step.needed <= Reader::kWindowNeededMax);
    if (at + shown == input.size()) {
      result.damage = reader->AtEnd(shown, step.needed);
      break;
    }
    shown = std::min(std::max<size_t>(step.needed, shown) + chunk, input.size() - at);
  }
  result.damage.offset_bytes += at;
  Require(result.damage.kind == DamageKind::kNone || result.damage.offset_bytes <= input.size());
  Require(!DamageText(result.damage).empty());
  return result;
}

template <typename Reader>
void CompareWindows(FuzzInput input, size_t chunk) {
  const ReaderResult small = ReadAll<Reader>(input, chunk);
  const ReaderResult whole = ReadAll<Reader>(input, input.size());
  Require(small.packets == whole.packets && small.digest == whole.digest);
  Require(small.damage.kind == whole.damage.kind);
  Require(small.damage.offset_bytes == whole.damage.offset_bytes);
}

}  // namespace

// First byte: by how much windows are larger than needed.
void FuzzCaptureReaders(FuzzInput input) {
  if (input.empty()) return;
  const size_t chunk = input[0];
  const FuzzInput file = input.subspan(1);
  if (PcapReader::Recognizes(AsBytes(file))) CompareWindows<PcapReader>(file, chunk);
  if (PcapngReader::Recognizes(AsBytes(file))) CompareWindows<PcapngReader>(file, chunk);
}

void FuzzCaptureFile(FuzzInput input) {
  const int fd = memfd_create("capture", MFD_CLOEXEC);
  Require(fd >= 0);
  for (size_t at = 0; at < input.size();) {
    const ssize_t wrote = write(fd, input.data() + at, input.size() - at);
    Require(wrote > 0);
    at += static_cast<size_t>(wrote);
  }
  lseek(fd, 0, SEEK_SET);
  auto file = CaptureFile::FromDescriptor(fd, "fuzz", nullptr);
  if (!file.ok()) {
    Require(!file.status().message().empty());
    return;
  }
  uint64_t packets = 0;
  // A kilobyte may unpack to gigabytes of empty records: a share of them tells enough.
  constexpr uint64_t kStepsMax = 1 << 18;
  for (uint64_t steps = 0; steps < kStepsMax; ++steps) {
    const CaptureFile::Cursor cursor = (*file)->Next();
    if (cursor == CaptureFile::Cursor::kEnded) break;
    if (cursor == CaptureFile::Cursor::kStalled) {
      (*file)->Refill();
      continue;
    }
    ++packets;
    uint32_t touched = 0;  // the sanitizer sees what is borrowed
    for (const std::byte b : (*file)->record().bytes) touched += static_cast<uint8_t>(b);
    Require(touched <= 255 * kCapturedLengthMax);
  }
  Require((*file)->counters().packets == packets);
  Require(!DamageText((*file)->damage()).empty());
}

}  // namespace vedette
