// Who an endpoint is, as every event names it. Made by the device directory on the control thread.
#ifndef VEDETTE_SENSOR_MERGE_DEVICE_IDENTITY_H_
#define VEDETTE_SENSOR_MERGE_DEVICE_IDENTITY_H_

#include <cstdint>
#include <functional>
#include <string>

#include "dataplane/track/endpoint_row.h"

namespace vedette {

struct DeviceIdentity {
  std::string device;  // "site/vlan/mac", "site/vlan/ip" or "ext/0/ip"
  std::string ip, mac;
  std::string name;  // as it came from the wire: hostile
  std::string group;
  uint16_t vlan = 0;
  bool home = false;
};

using IdentityOf = std::function<DeviceIdentity(const EndpointKey&)>;

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MERGE_DEVICE_IDENTITY_H_
