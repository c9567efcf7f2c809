// Where a state lies: one file in a folder of its own, 0600 in 0700. Written beside and renamed, so
// that there is always a whole one; what cannot be used is renamed aside, not lost. Any thread, one
// at a time.
#ifndef VEDETTE_SENSOR_STATE_STATE_FILE_H_
#define VEDETTE_SENSOR_STATE_STATE_FILE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sensor/state/state_image.h"

namespace vedette {

class StateFile {
 public:
  // Makes the folder if need be.
  static absl::StatusOr<StateFile> Open(const std::string& folder, uint64_t bytes_max);

  const std::string& path() const { return path_; }
  uint64_t bytes_max() const { return bytes_max_; }

  // NotFound: there is none. Any other fault: there is one that cannot be used.
  absl::StatusOr<StateImage> Read() const;
  // In place of the one before; on the disk when it returns.
  absl::Status Write(absl::string_view bytes) const;
  // Renames it; the one set aside before is replaced. Returns its new name.
  absl::StatusOr<std::string> SetAside() const;

 private:
  StateFile(std::string folder, uint64_t bytes_max);

  std::string folder_, path_;
  uint64_t bytes_max_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_STATE_STATE_FILE_H_
