// Which files the process may touch from some moment on: Landlock, as far as the kernel knows it.
// Folders are tied to what they are, not to their names: a file that is put in the place of another
// is reached through the folder's rule alone. Set-up only.
#ifndef VEDETTE_SENSOR_SERVICE_FILE_ACCESS_H_
#define VEDETTE_SENSOR_SERVICE_FILE_ACCESS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vedette {

enum class FileUse : uint8_t { kRead, kWrite };  // kWrite: read too, make, rename, remove

struct FileRule {
  std::string path;  // a file, or a folder and all that is below
  FileUse use = FileUse::kRead;
};

// The kernel's version of Landlock; 0: it has none, or it is switched off.
int LandlockVersion();

// What a kernel of this version can refuse, bits of linux/landlock.h.
uint64_t RightsKnown(int version);
// What a rule gives under such a kernel.
uint64_t RightsGiven(FileUse use, bool folder, int version);

// From here on, in every thread, nothing but what the rules give; what is open stays open. A rule
// for what does not exist is left out. False: the kernel has no Landlock.
absl::StatusOr<bool> RestrictFiles(const std::vector<FileRule>& rules);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_FILE_ACCESS_H_
