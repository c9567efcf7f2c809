#include "dataplane/capture/capture_file.h"

#include <initializer_list>

#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

constexpr char kAccepted[] =
    "accepted are pcap and pcapng, plain or packed with gzip, zstd or xz (.gz, .zst, .xz)";

struct KnownFormat {
  std::initializer_list<uint8_t> magic;
  const char* name;
  const char* advice;
};

// Files people hand over by mistake, named so that they know what to do.
const char* AdviceFor(Bytes head, const char*& name) {
  static const KnownFormat kKnown[] = {
      {{'B', 'Z', 'h'}, "a bzip2 file", "unpack it with bunzip2"},
      {{0x04, 0x22, 0x4d, 0x18}, "an lz4 file", "unpack it with unlz4"},
      {{'P', 'K', 3, 4}, "a zip archive", "unpack it"},
      {{'7', 'z', 0xbc, 0xaf}, "a 7z archive", "unpack it"},
      {{0x1f, 0x8b}, "a gzip file packed twice", "unpack it once with gunzip"},
      {{'s', 'n', 'o', 'o', 'p', 0}, "a snoop capture", "convert it with: editcap -F pcapng"},
      {{'G', 'M', 'B', 'U'}, "a Network Monitor capture", "convert it with: editcap -F pcapng"},
  };
  for (const KnownFormat& known : kKnown) {
    if (head.size() >= known.magic.size() &&
        std::equal(known.magic.begin(), known.magic.end(), head.begin(),
                   [](uint8_t a, std::byte b) { return std::byte{a} == b; })) {
      name = known.name;
      return known.advice;
    }
  }
  return nullptr;
}

absl::Status NoCapture(absl::string_view path, Bytes head) {
  if (head.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is empty; ", kAccepted));
  }
  const char* name = nullptr;
  if (const char* advice = AdviceFor(head, name); advice != nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is ", name, "; ", advice));
  }
  std::string first_bytes;
  for (const std::byte b : head.first(std::min<size_t>(head.size(), 4))) {
    absl::StrAppend(&first_bytes, first_bytes.empty() ? "" : " ",
                    absl::Hex(static_cast<uint8_t>(b), absl::kZeroPad2));
  }
  return absl::InvalidArgumentError(absl::StrCat(path, " is no capture: it begins with the bytes ",
                                                 first_bytes, "; ", kAccepted));
}

}  // namespace

CaptureCounters& CaptureCounters::operator+=(const CaptureCounters& other) {
  records += other.records;
  packets += other.packets;
  bytes += other.bytes;
  cut += other.cut;
  filtered += other.filtered;
  time_backwards += other.time_backwards;
  oversized_wire_length += other.oversized_wire_length;
  unsupported_link += other.unsupported_link;
  return *this;
}

absl::StatusOr<std::unique_ptr<CaptureFile>> CaptureFile::Open(absl::string_view path,
                                                               const PcapFilter* filter) {
  auto stream = ByteStream::Open(path);
  if (!stream.ok()) return stream.status();
  std::unique_ptr<CaptureFile> file(new CaptureFile(path == "-" ? "standard input" : path, filter));
  absl::Status recognized = file->Recognize(*std::move(stream));
  if (!recognized.ok()) return recognized;
  return file;
}

absl::StatusOr<std::unique_ptr<CaptureFile>> CaptureFile::FromDescriptor(int fd,
                                                                         absl::string_view name,
                                                                         const PcapFilter* filter) {
  auto stream = ByteStream::FromDescriptor(fd, name);
  if (!stream.ok()) return stream.status();
  std::unique_ptr<CaptureFile> file(new CaptureFile(name, filter));
  absl::Status recognized = file->Recognize(*std::move(stream));
  if (!recognized.ok()) return recognized;
  return file;
}

absl::Status CaptureFile::Recognize(std::unique_ptr<ByteStream> stream) {
  constexpr size_t kFileHeaderBytes = 24;
  stream->Fill(kFileHeaderBytes);
  const Bytes head = stream->window();
  if (PcapReader::Recognizes(head)) {
    reader_.emplace<PcapReader>();
    // On a copy: the header is read again, and judged, when packets are asked for.
    PcapReader header_only;
    CaptureRecord none;
    if (filter_ != nullptr && header_only.Next(head, none).state == ReadState::kSkipped) {
      absl::Status supported = filter_->Supports(header_only.link_number());
      if (!supported.ok()) return supported;
    }
  } else if (PcapngReader::Recognizes(head)) {
    reader_.emplace<PcapngReader>();
  } else if (stream->state() == ByteStream::State::kBroken) {
    return absl::DataLossError(absl::StrCat(path_, ": at byte ", stream->damage().offset_bytes,
                                            ": ", DamageText(stream->damage())));
  } else {
    return NoCapture(path_, head);
  }
  format_ = std::holds_alternative<PcapReader>(reader_) ? "pcap" : "pcapng";
  if (*stream->compression() != '\0') absl::StrAppend(&format_, " in ", stream->compression());
  input_bytes_total_ = stream->input_bytes_total();
  stream_ = std::move(stream);
  return absl::OkStatus();
}

void CaptureFile::Reopen() {
  auto stream = ByteStream::Open(path_);
  const std::string format = format_;
  if (!stream.ok() || !Recognize(*std::move(stream)).ok() || format_ != format) {
    End({DamageKind::kChanged});
  }
}

CaptureFile::Cursor CaptureFile::ReadAhead() noexcept {
  current_ = ahead_ = 0;
  if (ended_) return Cursor::kEnded;
  if (auto* pcap = std::get_if<PcapReader>(&reader_)) return ReadAheadFrom(*pcap);
  return ReadAheadFrom(*std::get_if<PcapngReader>(&reader_));
}

// What stopped the run is met again, and acted on, when there is nothing before it.
template <typename AnyReader>
CaptureFile::Cursor CaptureFile::ReadAheadFrom(AnyReader& reader) noexcept {
  while (true) {
    const Bytes window = stream_->window();
    ReadStep step{ReadState::kSkipped};
    size_t at = 0, read = 0;
    while (read < records_.size() && step.state <= ReadState::kSkipped) {
      step = reader.Next(window.subspan(at), records_[read]);
      at += step.consumed;
      read += step.state == ReadState::kPacket;
    }
    stream_->Consume(at);
    Count(read);
    if (ahead_ > 0) return Cursor::kPacket;
    if (read > 0) continue;  // all of them were refused
    if (step.state == ReadState::kMoreNeeded) return StallOrEnd(reader, step.needed);
    Damage damage = reader.damage();
    damage.offset_bytes += stream_->offset_bytes();
    return End(damage);
  }
}

void CaptureFile::Count(size_t read) noexcept {
  for (size_t i = 0; i < read; ++i) {
    if (!Keep(records_[i])) continue;
    if (ahead_ != i) records_[ahead_] = records_[i];
    ++ahead_;
  }
}

bool CaptureFile::Keep(const CaptureRecord& record) noexcept {
  ++counters_.records;
  if (filter_ != nullptr && !filter_->Matches(record)) {
    ++counters_.filtered;
    return false;
  }
  ++counters_.packets;
  counters_.bytes += record.bytes.size();
  counters_.cut += record.wire_length > record.bytes.size();
  counters_.oversized_wire_length += record.oversized_wire_length;
  counters_.unsupported_link += record.link == LinkType::kUnsupported;
  return true;
}

template <typename AnyReader>
CaptureFile::Cursor CaptureFile::StallOrEnd(const AnyReader& reader, uint32_t needed) noexcept {
  switch (stream_->state()) {
    case ByteStream::State::kOpen:
      needed_bytes_ = needed;
      return Cursor::kStalled;
    case ByteStream::State::kBroken:
      return End(stream_->damage());
    case ByteStream::State::kEnded:
      break;
  }
  Damage damage = reader.AtEnd(stream_->window().size(), needed);
  damage.offset_bytes += stream_->offset_bytes();
  return End(damage);
}

void CaptureFile::Refill() noexcept {
  stream_->Fill(needed_bytes_);
  input_bytes_read_.store(stream_->input_bytes_read(), std::memory_order_relaxed);
}

CaptureFile::Cursor CaptureFile::End(const Damage& damage) noexcept {
  ended_ = true;
  damage_ = damage;
  return Cursor::kEnded;
}

}  // namespace vedette
