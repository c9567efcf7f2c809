// One event as it leaves: serialized once on the control thread, then shared, unchanged, by every
// sink.
#ifndef VEDETTE_SENSOR_EXPORT_EXPORT_EVENT_H_
#define VEDETTE_SENSOR_EXPORT_EXPORT_EVENT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "sensor/export/topic.h"

namespace vedette {

struct ExportEvent {
  Topic topic = Topic::kFlows;
  uint64_t seq = 0;           // from 1, gap-free for sensor, boot and topic
  int64_t event_time_ms = 0;  // of the packets
  int64_t made_ms = 0;        // of this machine's clock
  std::string key, json;

  // What it costs in a queue, about.
  uint64_t bytes() const { return sizeof(ExportEvent) + key.size() + json.size(); }
};

using EventPointer = std::shared_ptr<const ExportEvent>;

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_EXPORT_EVENT_H_
