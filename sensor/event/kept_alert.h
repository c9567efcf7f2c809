// The fields of an alert's event that outlive a run, named once; see detectors/keep.h. Control
// thread.
#ifndef VEDETTE_SENSOR_EVENT_KEPT_ALERT_H_
#define VEDETTE_SENSOR_EVENT_KEPT_ALERT_H_

#include "sensor/event/events.h"

namespace vedette {

template <typename Io>
void Keep(AlertEvidence& evidence, Io& io) {
  io("measured", evidence.measured);
  io("limit", evidence.limit);
  io("baseline", evidence.baseline);
  io("unit", evidence.unit);
  io("window_ms", evidence.window_ms);
  io("detail", evidence.detail);
}

template <typename Io>
void Keep(AlertEvent& event, Io& io) {
  io("sensor", event.sensor);
  io("site", event.site);
  io("alert_id", event.alert_id);
  io("revision", event.revision);
  io("state", event.state);
  io("category", event.category);
  io("kind", event.kind);
  io("severity", event.severity);
  io("score", event.score);
  io("start_ms", event.start_ms);
  io("last_ms", event.last_ms);
  io("role", event.role);
  io("device", event.device);
  io("device_ip", event.device_ip);
  io("device_mac", event.device_mac);
  io("device_name", event.device_name);
  io("vlan", event.vlan);
  io("service", event.service);
  io("peers", event.peers);
  io("peer_count", event.peer_count);
  io("packets", event.packets);
  io("bytes", event.bytes);
  io("technique", event.technique);
  io("message", event.message);
  io("evidence", event.evidence);
  io("flows", event.flows);
  io("model_id", event.model_id);
  io("suppressed", event.suppressed);
}

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EVENT_KEPT_ALERT_H_
