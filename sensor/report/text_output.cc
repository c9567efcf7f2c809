#include "sensor/report/text_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace vedette {

absl::StatusOr<std::unique_ptr<TextOutput>> TextOutput::Create(const std::string& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return absl::UnavailableError(
        absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
  }
  auto output = std::make_unique<TextOutput>(descriptor, path);
  output->owned_ = true;
  return output;
}

TextOutput::~TextOutput() {
  if (owned_ && descriptor_ >= 0) close(descriptor_);
}

absl::Status TextOutput::Write(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      return Failed();
    }
  }
  // Some file systems tell of a full disk only now.
  if (owned_ && close(std::exchange(descriptor_, -1)) != 0) return Failed();
  return absl::OkStatus();
}

absl::Status TextOutput::Failed() const {
  return absl::UnavailableError(
      absl::StrCat(name_, ": the report was not written: ", std::strerror(errno)));
}

}  // namespace vedette
