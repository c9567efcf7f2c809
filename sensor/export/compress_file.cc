#include "sensor/export/compress_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

struct StreamDelete {
  void operator()(ZSTD_CStream* stream) const { ZSTD_freeCStream(stream); }
};

absl::Status Failed(const std::string& path) {
  return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
}

bool WriteAll(int descriptor, const char* bytes, size_t size) {
  while (size != 0) {
    const ssize_t written = write(descriptor, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

absl::Status CompressFile(const std::string& from, const std::string& to, unsigned mode) {
  const int in = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return Failed(from);
  const absl::Cleanup close_in = [in] { close(in); };
  const int out = open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (out < 0) return Failed(to);
  const absl::Cleanup close_out = [out] { close(out); };

  const std::unique_ptr<ZSTD_CStream, StreamDelete> stream(ZSTD_createCStream());
  std::vector<char> plain(ZSTD_CStreamInSize()), packed(ZSTD_CStreamOutSize());
  for (bool end = false; !end;) {
    const ssize_t got = read(in, plain.data(), plain.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed(from);
    end = got == 0;
    ZSTD_inBuffer input{plain.data(), static_cast<size_t>(got), 0};
    for (bool more = true; more;) {
      ZSTD_outBuffer output{packed.data(), packed.size(), 0};
      const size_t left =
          ZSTD_compressStream2(stream.get(), &output, &input, end ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left)) {
        return absl::InternalError(absl::StrCat(from, ": ", ZSTD_getErrorName(left)));
      }
      if (!WriteAll(out, packed.data(), output.pos)) return Failed(to);
      more = end ? left != 0 : input.pos < input.size;
    }
  }
  if (fsync(out) != 0) return Failed(to);
  return absl::OkStatus();
}

}  // namespace vedette
