#include "sensor/state/state_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sensor/state/whole_file.h"

namespace vedette {
namespace {

constexpr char kName[] = "sensor.state";

absl::Status Fault(const std::string& path, absl::string_view what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", what));
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
  absl::StatusOr<std::string> bytes = ReadWholeFile(path_, bytes_max_, "state.mib_max");
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<StateImage> image = StateImage::Parse(*std::move(bytes));
  if (!image.ok()) {
    return absl::Status(image.status().code(), absl::StrCat(path_, ": ", image.status().message()));
  }
  return image;
}

absl::Status StateFile::Write(absl::string_view bytes) const { return ReplaceFile(path_, bytes); }

absl::StatusOr<std::string> StateFile::SetAside() const {
  std::string aside = absl::StrCat(path_, ".refused");
  if (std::rename(path_.c_str(), aside.c_str()) != 0) return Fault(path_, "renaming");
  return aside;
}

}  // namespace vedette
