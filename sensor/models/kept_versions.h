// Which model of each device was the newest, in a file of the state folder: who can write to the
// topic could else bring an old one back when the sensor restarts. Text with a checksum, replaced
// whole. One thread.
#ifndef VEDETTE_SENSOR_MODELS_KEPT_VERSIONS_H_
#define VEDETTE_SENSOR_MODELS_KEPT_VERSIONS_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vedette {

struct KeptVersion {
  int64_t version = 0;
  std::string digest;       // of its payload
  std::string key_id;       // of who signed it
  uint64_t expires_us = 0;  // the latest of all that were taken: none of them is valid beyond
};
using KeptVersions = absl::flat_hash_map<std::string, KeptVersion>;  // by device

std::string TextOfKept(const KeptVersions& kept);
// Damaged: nothing of it.
absl::StatusOr<KeptVersions> ParseKept(absl::string_view text);

// NotFound: there is none.
absl::StatusOr<KeptVersions> ReadKept(const std::string& path);
absl::Status WriteKept(const std::string& path, const KeptVersions& kept);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_KEPT_VERSIONS_H_
