#include "sensor/state/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

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

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, uint64_t bytes_max,
                                          absl::string_view bytes_max_by) {
  // Not a link that somebody put there, nor a pipe that nobody writes to.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return Fault(path, "opening");
  const absl::Cleanup close_it = [descriptor] { close(descriptor); };
  struct stat about;
  if (fstat(descriptor, &about) != 0) return Fault(path, "reading");
  if (!S_ISREG(about.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, ": no file"));
  const auto size = static_cast<uint64_t>(about.st_size);
  if (size > bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": ", size >> 20, " MiB, allowed ",
                                                     bytes_max >> 20, " (", bytes_max_by, ")"));
  }
  return ReadAll(descriptor, size, path);
}

absl::Status ReplaceFile(const std::string& path, absl::string_view bytes) {
  const std::string beside = absl::StrCat(path, ".new");
  const int descriptor =
      open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return Fault(beside, "opening");
  absl::Status status = WriteAll(descriptor, bytes, beside);
  if (status.ok() && fsync(descriptor) != 0) status = Fault(beside, "syncing");
  if (close(descriptor) != 0 && status.ok()) status = Fault(beside, "closing");
  if (status.ok() && std::rename(beside.c_str(), path.c_str()) != 0) {
    status = Fault(beside, "renaming");
  }
  if (status.ok()) return SyncFolder(std::filesystem::path(path).parent_path().string());
  unlink(beside.c_str());  // of no use, and may be what fills the disk
  return status;
}

}  // namespace vedette
