// A file as a zstd copy of itself, in fixed memory. Any thread.
#ifndef VEDETTE_SENSOR_EXPORT_COMPRESS_FILE_H_
#define VEDETTE_SENSOR_EXPORT_COMPRESS_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace vedette {

// `to` is made anew with the mode given; on failure it may be there, incomplete.
absl::Status CompressFile(const std::string& from, const std::string& to, unsigned mode);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_COMPRESS_FILE_H_
