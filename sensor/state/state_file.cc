#include "sensor/state/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

constexpr char kName[] = "sensor.state";

absl::Status Fault(const std::string& path, absl::string_view what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", what));
}

absl::Status WriteAll(int descriptor, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Fault(path, "writing");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

// A rename is on the disk when its folder is.
absl::Status SyncFolder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return Fault(folder, "opening");
  const absl::Cleanup close_it = [descriptor] { close(descriptor); };
  return fsync(descriptor) == 0 ? absl::OkStatus() : Fault(folder, "syncing");
}

absl::StatusOr<std::string> ReadAll(int descriptor, size_t size, const std::string& path) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t got = read(descriptor, &bytes[done], size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fault(path, "reading");
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

StateFile::StateFile(std::string folder, uint64_t bytes_max)
    : folder_(std::move(folder)),
      path_((std::filesystem::path(folder_) / kName).string()),
      bytes_max_(bytes_max) {}

absl::StatusOr<StateFile> StateFile::Open(const std::string& folder, uint64_t bytes_max) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat(folder, ": making this folder"));
  }
  if (made && chmod(folder.c_str(), 0700) != 0) return Fault(folder, "setting its rights");
  if (access(folder.c_str(), R_OK | W_OK | X_OK) != 0) return Fault(folder, "reading and writing");
  return StateFile(folder, bytes_max);
}

absl::StatusOr<StateImage> StateFile::Read() const {
  // Not a link that somebody put there, nor a pipe that nobody writes to.
  const int descriptor = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return Fault(path_, "opening");
  const absl::Cleanup close_it = [descriptor] { close(descriptor); };
  struct stat about;
  if (fstat(descriptor, &about) != 0) return Fault(path_, "reading");
  if (!S_ISREG(about.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path_, ": no file"));
  const auto size = static_cast<uint64_t>(about.st_size);
  if (size > bytes_max_) {
    return absl::ResourceExhaustedError(absl::StrCat(path_, ": ", size >> 20, " MiB, allowed ",
                                                     bytes_max_ >> 20, " (state.mib_max)"));
  }
  absl::StatusOr<std::string> bytes = ReadAll(descriptor, size, path_);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<StateImage> image = StateImage::Parse(*std::move(bytes));
  if (!image.ok()) {
    return absl::Status(image.status().code(), absl::StrCat(path_, ": ", image.status().message()));
  }
  return image;
}

absl::Status StateFile::Write(absl::string_view bytes) const {
  const std::string beside = absl::StrCat(path_, ".new");
  const int descriptor =
      open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return Fault(beside, "opening");
  absl::Status status = WriteAll(descriptor, bytes, beside);
  if (status.ok() && fsync(descriptor) != 0) status = Fault(beside, "syncing");
  if (close(descriptor) != 0 && status.ok()) status = Fault(beside, "closing");
  if (status.ok() && std::rename(beside.c_str(), path_.c_str()) != 0) {
    status = Fault(beside, "renaming");
  }
  if (status.ok()) return SyncFolder(folder_);
  unlink(beside.c_str());  // of no use, and may be what fills the disk
  return status;
}

absl::StatusOr<std::string> StateFile::SetAside() const {
  std::string aside = absl::StrCat(path_, ".refused");
  if (std::rename(path_.c_str(), aside.c_str()) != 0) return Fault(path_, "renaming");
  return aside;
}

}  // namespace vedette
