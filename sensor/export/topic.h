// The topics of events, in the order of their worth: where room is short, the last go first and
// alerts last.
#ifndef VEDETTE_SENSOR_EXPORT_TOPIC_H_
#define VEDETTE_SENSOR_EXPORT_TOPIC_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace vedette {

enum class Topic : uint8_t { kAlerts, kDevices, kFlows, kHealth };
inline constexpr size_t kTopicCount = 4;
inline constexpr std::array<absl::string_view, kTopicCount> kTopicNames = {
    "vedette.alerts", "vedette.devices", "vedette.flows", "vedette.health"};
// As a file is named after it.
inline constexpr std::array<absl::string_view, kTopicCount> kTopicStems = {"alerts", "devices",
                                                                           "flows", "health"};

// Health says how far to trust all else, and is little.
inline constexpr std::array<Topic, kTopicCount> kTopicsByWorth = {Topic::kAlerts, Topic::kHealth,
                                                                  Topic::kDevices, Topic::kFlows};

constexpr size_t Index(Topic topic) { return static_cast<size_t>(topic); }

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_TOPIC_H_
