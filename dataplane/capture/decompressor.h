// Unpacks gzip, zstd and xz as a stream: one call a chunk, bounded memory whatever the file says.
// Several members, frames or streams one after the other count as one file, as with gzip -d.
// Owned by a ByteStream, called by the thread that polls the source. The libraries allocate when a
// member starts (gzip 40 KiB, zstd its window, xz its dictionary), not per packet.
// Formats: RFC 1952, RFC 8878, xz-file-format 1.1.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DECOMPRESSOR_H_
#define VEDETTE_DATAPLANE_CAPTURE_DECOMPRESSOR_H_

#include <memory>
#include <span>

#include "dataplane/capture/capture_record.h"

namespace vedette {

// zstd: its window; xz: all it allocates. `zstd --ultra -22` and `xz -9` need 128 and 65 MiB.
inline constexpr uint64_t kDecompressorMemoryMaxBytes = 128 << 20;

class Decompressor {
 public:
  struct Step {
    size_t consumed = 0;
    size_t produced = 0;
    Damage damage;  // set: nothing follows `produced`
  };

  virtual ~Decompressor() = default;
  // Unpacks what it can. `input_ended`: nothing follows `in`.
  virtual Step Run(Bytes in, bool input_ended, std::span<std::byte> out) noexcept = 0;
  // All members read so far are complete: the input may end here.
  virtual bool Complete() const noexcept = 0;
  virtual const char* format() const noexcept = 0;

  // By the magic of the first bytes; null for anything else, or when memory is short (then
  // `recognized` is true).
  static std::unique_ptr<Decompressor> ForMagic(Bytes head, bool& recognized);
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DECOMPRESSOR_H_
