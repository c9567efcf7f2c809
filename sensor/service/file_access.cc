#include "sensor/service/file_access.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "sensor/service/every_thread.h"

namespace vedette {
namespace {

// Newer than the headers of Debian 12; the kernel that runs may be newer too.
constexpr uint64_t kTruncate = uint64_t{1} << 14;
constexpr uint64_t kIoctlDevice = uint64_t{1} << 15;

constexpr uint64_t kFirstVersion = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// Neither programs are run nor devices made.
constexpr uint64_t kWrite = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                            LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                            LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                            LANDLOCK_ACCESS_FS_REFER | kTruncate;
// Of these alone a rule for a file, which is no folder, may speak.
constexpr uint64_t kOfFiles =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

absl::Status Failed(const std::string& what) {
  return absl::InternalError(absl::StrCat("files cannot be restricted (Landlock): ", what, ": ",
                                          std::strerror(errno),
                                          "; see docs/service.md, or set service.sandbox to off"));
}

absl::Status Add(int ruleset, const FileRule& rule, int version) {
  const int place = open(rule.path.c_str(), O_PATH | O_CLOEXEC);
  if (place < 0) return absl::OkStatus();
  const absl::Cleanup closing = [place] { close(place); };
  struct stat found {};
  if (fstat(place, &found) != 0) return Failed(rule.path);
  const landlock_path_beneath_attr beneath = {
      .allowed_access = RightsGiven(rule.use, S_ISDIR(found.st_mode), version), .parent_fd = place};
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0) {
    return absl::OkStatus();
  }
  return Failed(rule.path);
}

int RestrictThread(const void* ruleset) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return syscall(SYS_landlock_restrict_self, *static_cast<const int*>(ruleset), 0) == 0 ? 0 : errno;
}

}  // namespace

int LandlockVersion() {
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, size_t{0}, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

uint64_t RightsKnown(int version) {
  uint64_t known = version >= 1 ? kFirstVersion : 0;
  if (version >= 2) known |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) known |= kTruncate;
  if (version >= 5) known |= kIoctlDevice;
  return known;
}

uint64_t RightsGiven(FileUse use, bool folder, int version) {
  const uint64_t wanted = use == FileUse::kWrite ? kWrite : kRead;
  return wanted & RightsKnown(version) & (folder ? ~uint64_t{0} : kOfFiles);
}

absl::StatusOr<bool> RestrictFiles(const std::vector<FileRule>& rules) {
  const int version = LandlockVersion();
  if (version == 0) return false;
  // The first member alone: a kernel without networks in Landlock takes no longer structure.
  const uint64_t handled = RightsKnown(version);
  const int ruleset =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0));
  if (ruleset < 0) return Failed("a list of rules");
  const absl::Cleanup closing = [ruleset] { close(ruleset); };
  for (const FileRule& rule : rules) {
    absl::Status added = Add(ruleset, rule, version);
    if (!added.ok()) return added;
  }
  absl::Status restricted = InEveryThread(RestrictThread, &ruleset);
  if (!restricted.ok()) return restricted;
  return true;
}

}  // namespace vedette
