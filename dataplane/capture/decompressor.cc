#include "dataplane/capture/decompressor.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <bit>

namespace vedette {
namespace {

// What zlib and liblzma count in one call; larger chunks are simply taken in pieces.
constexpr size_t kChunkMax = 1 << 30;

Damage Corrupt(const char* detail) { return {DamageKind::kCompressedCorrupt, 0, 0, 0, detail}; }
Damage TooMuchMemory(const char* detail) {
  return {DamageKind::kCompressedMemory, 0, 0, kDecompressorMemoryMaxBytes, detail};
}

class GzipDecompressor final : public Decompressor {
 public:
  bool Start() {
    constexpr int kWindowBits = 15;
    constexpr int kGzipOnly = 16;
    started_ = inflateInit2(&stream_, kWindowBits + kGzipOnly) == Z_OK;
    return started_;
  }
  ~GzipDecompressor() override {
    if (started_) inflateEnd(&stream_);
  }

  Step Run(Bytes in, bool /*input_ended*/, std::span<std::byte> out) noexcept override {
    if (between_members_) {
      const size_t padding = LeadingZeros(in);
      if (padding > 0 || in.empty()) return {padding, 0, {}};
      inflateReset(&stream_);
      between_members_ = false;
      first_member_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), kChunkMax));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kChunkMax));
    const uInt in_before = stream_.avail_in;
    const uInt out_before = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    Step step{in_before - stream_.avail_in, out_before - stream_.avail_out, {}};
    between_members_ = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      step.damage = result == Z_MEM_ERROR ? TooMuchMemory("gzip: no memory") : Corrupt(Reason());
    }
    return step;
  }
  bool Complete() const noexcept override { return between_members_; }
  const char* format() const noexcept override { return "gzip"; }

 private:
  // tar and tape drives pad with zeros behind the last member.
  static size_t LeadingZeros(Bytes in) {
    return static_cast<size_t>(
        std::find_if(in.begin(), in.end(), [](std::byte b) { return b != std::byte{0}; }) -
        in.begin());
  }
  const char* Reason() const {
    if (!first_member_ && stream_.total_out == 0) return "gzip: garbage behind the last member";
    return stream_.msg != nullptr ? stream_.msg : "gzip: a preset dictionary is asked for";
  }

  z_stream stream_{};
  bool started_ = false;
  bool between_members_ = false;
  bool first_member_ = true;
};

class ZstdDecompressor final : public Decompressor {
 public:
  bool Start() {
    constexpr int kWindowLog = std::bit_width(kDecompressorMemoryMaxBytes) - 1;
    stream_ = ZSTD_createDStream();
    return stream_ != nullptr &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kWindowLog));
  }
  ~ZstdDecompressor() override { ZSTD_freeDStream(stream_); }

  Step Run(Bytes in, bool /*input_ended*/, std::span<std::byte> out) noexcept override {
    if (in.empty() && complete_) return {};
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const size_t result = ZSTD_decompressStream(stream_, &output, &input);
    Step step{input.pos, output.pos, {}};
    complete_ = result == 0;
    if (ZSTD_isError(result)) step.damage = DamageOf(result);
    return step;
  }
  bool Complete() const noexcept override { return complete_; }
  const char* format() const noexcept override { return "zstd"; }

 private:
  static Damage DamageOf(size_t result) {
    const ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
    const bool memory =
        code == ZSTD_error_frameParameter_windowTooLarge || code == ZSTD_error_memory_allocation;
    const char* reason = ZSTD_getErrorName(result);
    return memory ? TooMuchMemory(reason) : Corrupt(reason);
  }

  ZSTD_DStream* stream_ = nullptr;
  bool complete_ = false;
};

class XzDecompressor final : public Decompressor {
 public:
  bool Start() {
    return lzma_stream_decoder(&stream_, kDecompressorMemoryMaxBytes, LZMA_CONCATENATED) == LZMA_OK;
  }
  ~XzDecompressor() override { lzma_end(&stream_); }

  Step Run(Bytes in, bool input_ended, std::span<std::byte> out) noexcept override {
    if (complete_) return {};
    stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret result = lzma_code(&stream_, input_ended ? LZMA_FINISH : LZMA_RUN);
    Step step{in.size() - stream_.avail_in, out.size() - stream_.avail_out, {}};
    complete_ = result == LZMA_STREAM_END;
    if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR) {
      step.damage = DamageOf(result);
    }
    return step;
  }
  // With LZMA_CONCATENATED the end is known only when the input is known to have ended.
  bool Complete() const noexcept override { return complete_; }
  const char* format() const noexcept override { return "xz"; }

 private:
  static Damage DamageOf(lzma_ret result) {
    switch (result) {
      case LZMA_MEMLIMIT_ERROR:
      case LZMA_MEM_ERROR:
        return TooMuchMemory("xz: the dictionary is too large");
      case LZMA_FORMAT_ERROR:
        return Corrupt("xz: garbage behind the last stream");
      case LZMA_OPTIONS_ERROR:
        return Corrupt("xz: an unknown option is set");
      default:
        return Corrupt("xz: a checksum or code is wrong");
    }
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool complete_ = false;
};

template <typename Kind>
std::unique_ptr<Decompressor> Started() {
  auto decompressor = std::make_unique<Kind>();
  if (!decompressor->Start()) return nullptr;
  return decompressor;
}

bool Begins(Bytes head, std::initializer_list<uint8_t> magic) {
  return head.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), head.begin(),
                    [](uint8_t a, std::byte b) { return std::byte{a} == b; });
}

// A zstd file may begin with a skippable frame.
bool BeginsZstd(Bytes head) {
  if (Begins(head, {0x28, 0xb5, 0x2f, 0xfd})) return true;
  return head.size() >= 4 &&
         (LoadInteger<uint32_t>(head.data(), false) & 0xffff'fff0) == 0x184d'2a50;
}

}  // namespace

std::unique_ptr<Decompressor> Decompressor::ForMagic(Bytes head, bool& recognized) {
  recognized = true;
  if (Begins(head, {0x1f, 0x8b})) return Started<GzipDecompressor>();
  if (BeginsZstd(head)) return Started<ZstdDecompressor>();
  if (Begins(head, {0xfd, '7', 'z', 'X', 'Z', 0})) return Started<XzDecompressor>();
  recognized = false;
  return nullptr;
}

}  // namespace vedette
