#include "dataplane/capture/byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "dataplane/capture/pcap_reader.h"
#include "dataplane/capture/pcapng_reader.h"

namespace vedette {

static_assert(ByteStream::kWindowBytes >= PcapReader::kWindowNeededMax + ByteStream::kChunkBytes);
static_assert(ByteStream::kWindowBytes >= PcapngReader::kWindowNeededMax + ByteStream::kChunkBytes);

absl::StatusOr<std::unique_ptr<ByteStream>> ByteStream::Open(absl::string_view path) {
  const bool standard_input = path == "-";
  const int fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                : open(std::string(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path, " for reading"));
  }
  return FromDescriptor(fd, standard_input ? "standard input" : path);
}

absl::StatusOr<std::unique_ptr<ByteStream>> ByteStream::FromDescriptor(int fd,
                                                                       absl::string_view name) {
  struct stat about = {};
  if (fstat(fd, &about) != 0) {
    const int error = errno;
    close(fd);
    return absl::ErrnoToStatus(error, absl::StrCat("cannot ask about ", name));
  }
  const bool regular = S_ISREG(about.st_mode);
  std::unique_ptr<ByteStream> stream(
      new ByteStream(fd, regular ? static_cast<uint64_t>(about.st_size) : 0));
  if (S_ISDIR(about.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is a directory; name the capture files in it"));
  }
  if (regular) posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  stream->Fill(8);
  absl::Status started = stream->StartDecompressor(name);
  if (!started.ok()) return started;
  return stream;
}

ByteStream::ByteStream(int fd, uint64_t total_bytes)
    : fd_(fd),
      input_bytes_total_(total_bytes),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(kWindowBytes)) {}

ByteStream::~ByteStream() { close(fd_); }

// What was read to see the magic becomes the first compressed chunk.
absl::Status ByteStream::StartDecompressor(absl::string_view name) {
  bool recognized = false;
  decompressor_ = Decompressor::ForMagic(window(), recognized);
  if (!recognized) return absl::OkStatus();
  if (decompressor_ == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("no memory to unpack ", name));
  }
  packed_ = std::make_unique_for_overwrite<std::byte[]>(kChunkBytes);
  assert(end_ <= kChunkBytes);
  std::memcpy(packed_.get(), buffer_.get(), end_);
  packed_left_ = {packed_.get(), end_};
  begin_ = end_ = 0;
  if (state_ == State::kEnded) {
    input_ended_ = true;
    state_ = State::kOpen;
  }
  return absl::OkStatus();
}

void ByteStream::Fill(size_t wanted) noexcept {
  assert(wanted <= kWindowBytes - kChunkBytes);
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (end_ < wanted && state_ == State::kOpen) {
    const std::span<std::byte> to(buffer_.get() + end_, kChunkBytes);
    end_ += decompressor_ ? Unpack(to) : ReadInput(to);
  }
}

size_t ByteStream::ReadInput(std::span<std::byte> to) noexcept {
  ssize_t got = 0;
  do {
    got = read(fd_, to.data(), to.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    Break({DamageKind::kReadFailed, 0, 0, 0, strerrordesc_np(errno)});
    return 0;
  }
  if (got == 0) {
    input_ended_ = true;
    if (!decompressor_) state_ = State::kEnded;
  }
  input_bytes_read_ += static_cast<uint64_t>(got);
  return static_cast<size_t>(got);
}

size_t ByteStream::Unpack(std::span<std::byte> to) noexcept {
  while (state_ == State::kOpen) {
    if (packed_left_.empty() && !input_ended_) {
      packed_left_ = {packed_.get(), ReadInput({packed_.get(), kChunkBytes})};
      if (state_ == State::kBroken) return 0;
    }
    const Decompressor::Step step = decompressor_->Run(packed_left_, input_ended_, to);
    packed_left_ = packed_left_.subspan(step.consumed);
    if (step.damage.kind != DamageKind::kNone) {
      Break(step.damage);
      damage_.offset_bytes += step.produced;
    } else if (step.consumed == 0 && step.produced == 0) {
      EndUnpacking();
    }
    if (step.produced > 0) return step.produced;
  }
  return 0;
}

// The decompressor does nothing more: it always takes input while there is some.
void ByteStream::EndUnpacking() noexcept {
  if (decompressor_->Complete()) {
    state_ = State::kEnded;
  } else {
    Break({DamageKind::kCompressedEnd, 0, 0, 0, decompressor_->format()});
  }
}

// The damage lies behind the last byte of the window.
void ByteStream::Break(const Damage& damage) noexcept {
  state_ = State::kBroken;
  damage_ = damage;
  damage_.offset_bytes = offset_bytes_ + (end_ - begin_);
}

}  // namespace vedette
