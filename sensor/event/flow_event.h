// An ended flow as its event. Control thread.
#ifndef VEDETTE_SENSOR_EVENT_FLOW_EVENT_H_
#define VEDETTE_SENSOR_EVENT_FLOW_EVENT_H_

#include "dataplane/track/flow.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_identity.h"

namespace vedette {

// Sealed.
FlowEvent MakeFlowEvent(const FlowRecord& record, const EventIdentity& identity,
                        const IdentityOf& identify);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EVENT_FLOW_EVENT_H_
