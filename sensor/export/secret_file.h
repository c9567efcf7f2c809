// A secret, read from a file or from a systemd credential when it is needed; never kept in the
// configuration, never shown. Set-up only.
#ifndef VEDETTE_SENSOR_EXPORT_SECRET_FILE_H_
#define VEDETTE_SENSOR_EXPORT_SECRET_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace vedette {

// `place`: an absolute path, or the name of a file in $CREDENTIALS_DIRECTORY. One line ending is
// cut off. kPermissionDenied when any user may read it; kNotFound when it is not there.
absl::StatusOr<std::string> ReadSecret(const std::string& place);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_SECRET_FILE_H_
