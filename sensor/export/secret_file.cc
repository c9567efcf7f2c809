#include "sensor/export/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace vedette {
namespace {

constexpr size_t kSecretBytesMax = 4'096;

absl::StatusOr<std::string> PathOf(const std::string& place) {
  if (absl::StartsWith(place, "/")) return place;
  if (absl::StrContains(place, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat(place, ": allowed an absolute path or the name of a systemd credential"));
  }
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return absl::NotFoundError(absl::StrCat(
        place,
        ": a systemd credential, and there are none here ($CREDENTIALS_DIRECTORY is not "
        "set): LoadCredential=",
        place, ":FILE in the unit, or an absolute path"));
  }
  return absl::StrCat(folder, "/", place);
}

absl::StatusOr<std::string> ReadAll(int descriptor, const std::string& path) {
  std::string text(kSecretBytesMax + 1, '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = read(descriptor, text.data() + done, text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  if (done > kSecretBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": larger than ", kSecretBytesMax, " bytes, allowed one line"));
  }
  text.resize(done);
  return std::string(absl::StripSuffix(absl::StripSuffix(text, "\n"), "\r"));
}

}  // namespace

absl::StatusOr<std::string> ReadSecret(const std::string& place) {
  const absl::StatusOr<std::string> path = PathOf(place);
  if (!path.ok()) return path.status();
  const int descriptor = open(path->c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const std::string message = absl::StrCat(*path, ": cannot be read: ", std::strerror(errno));
    if (errno == EACCES) return absl::UnavailableError(message);
    return absl::NotFoundError(message);
  }
  const absl::Cleanup closing = [descriptor] { close(descriptor); };
  struct stat found {};
  if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(*path, ": allowed a file"));
  }
  if ((found.st_mode & S_IROTH) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(*path, ": any user may read it, allowed owner and group: chmod o-rwx"));
  }
  return ReadAll(descriptor, *path);
}

}  // namespace vedette
