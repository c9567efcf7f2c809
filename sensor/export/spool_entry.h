// An event as the spool holds it: bytes with a check sum of our own, over topic, number and all of
// the event, so that a block read from the wrong place is found out too. No state.
#ifndef VEDETTE_SENSOR_EXPORT_SPOOL_ENTRY_H_
#define VEDETTE_SENSOR_EXPORT_SPOOL_ENTRY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sensor/export/export_event.h"

namespace vedette {

std::string EncodeSpoolKey(uint64_t number);
std::optional<uint64_t> DecodeSpoolKey(absl::string_view key);

void EncodeSpoolValue(const ExportEvent& event, uint64_t number, std::string& out);
// Nothing where the sum is wrong or the bytes do not hold what they say.
std::optional<ExportEvent> DecodeSpoolValue(Topic topic, uint64_t number, absl::string_view value);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_SPOOL_ENTRY_H_
