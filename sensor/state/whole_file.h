// Files that are read and written whole: in place of the one before, so that there is always a
// whole one. Any thread, one at a time for each file.
#ifndef VEDETTE_SENSOR_STATE_WHOLE_FILE_H_
#define VEDETTE_SENSOR_STATE_WHOLE_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vedette {

// NotFound: there is none. No links, nothing but a file. `bytes_max_by` says whose limit it is.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, uint64_t bytes_max,
                                          absl::string_view bytes_max_by);
// Written beside and renamed, 0600; on the disk when it returns. A failure leaves the one before.
absl::Status ReplaceFile(const std::string& path, absl::string_view bytes);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_STATE_WHOLE_FILE_H_
