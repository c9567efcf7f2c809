// The uncompressed bytes of one file or of standard input, seen through a window that moves
// forward. gzip, zstd and xz are recognized by their magic. Plain input is read(2) straight into
// the window, in chunks that stay in the second-level cache until they are decoded; not mapped,
// because a file that shrinks under a mapping kills the process. Offsets count uncompressed bytes.
// Owned by a CaptureFile and used by the thread that polls the source. Memory: one window, for
// compressed input one chunk and the decompressor's bound more; all but the latter allocated by
// Open.
#ifndef VEDETTE_DATAPLANE_CAPTURE_BYTE_STREAM_H_
#define VEDETTE_DATAPLANE_CAPTURE_BYTE_STREAM_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/capture/capture_record.h"
#include "dataplane/capture/decompressor.h"

namespace vedette {

class ByteStream {
 public:
  static constexpr size_t kChunkBytes = 128 << 10;
  static constexpr size_t kWindowBytes = 768 << 10;

  enum class State : uint8_t { kOpen, kEnded, kBroken };

  // "-" is standard input. Fails for what is no readable file; an empty file opens.
  static absl::StatusOr<std::unique_ptr<ByteStream>> Open(absl::string_view path);
  // Takes the descriptor over. `name` is for messages.
  static absl::StatusOr<std::unique_ptr<ByteStream>> FromDescriptor(int fd, absl::string_view name);

  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  Bytes window() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  uint64_t offset_bytes() const noexcept { return offset_bytes_; }  // of the window's first byte
  // Bytes consumed stay where they are until the next Fill.
  void Consume(size_t bytes) noexcept {
    begin_ += bytes;
    offset_bytes_ += bytes;
  }
  // Moves the window's bytes to the front and reads until `wanted` of them are there or the stream
  // ends. Invalidates what was borrowed. wanted <= kWindowBytes.
  void Fill(size_t wanted) noexcept;

  // What follows the window: more, nothing, or damage().
  State state() const noexcept { return state_; }
  const Damage& damage() const noexcept { return damage_; }
  // "gzip", "zstd", "xz", or "" for plain bytes.
  const char* compression() const noexcept { return decompressor_ ? decompressor_->format() : ""; }

  // Of the compressed input. Total 0: unknown (a pipe).
  uint64_t input_bytes_read() const noexcept { return input_bytes_read_; }
  uint64_t input_bytes_total() const noexcept { return input_bytes_total_; }

 private:
  ByteStream(int fd, uint64_t total_bytes);
  absl::Status StartDecompressor(absl::string_view name);
  size_t ReadInput(std::span<std::byte> to) noexcept;  // 0: ended or broken
  size_t Unpack(std::span<std::byte> to) noexcept;     // 0: ended or broken
  void EndUnpacking() noexcept;
  void Break(const Damage& damage) noexcept;

  int fd_;
  uint64_t input_bytes_total_;
  uint64_t input_bytes_read_ = 0;
  bool input_ended_ = false;
  State state_ = State::kOpen;
  std::unique_ptr<std::byte[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t offset_bytes_ = 0;
  std::unique_ptr<Decompressor> decompressor_;
  std::unique_ptr<std::byte[]> packed_;  // one chunk of compressed input
  Bytes packed_left_;
  Damage damage_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_BYTE_STREAM_H_
