// AF_XDP leaves a program on its interface, and the interface promiscuous: to take them away takes
// a right that the sensor has given up by then. A process of its own keeps that right,
// CAP_NET_ADMIN alone, and nothing else: it sees no packet, waits until the sensor has ended,
// however that came, and ends itself. Main thread, before any other thread.
#ifndef VEDETTE_SENSOR_SERVICE_XDP_CLEANER_H_
#define VEDETTE_SENSOR_SERVICE_XDP_CLEANER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sensor/service/privileges.h"

namespace vedette {

// "eth1" of af_xdp:eth1 and of net_af_xdp0,iface=eth1,start_queue=2; empty: no port of AF_XDP.
std::string XdpInterfaceOf(const std::string& port);

// Looks at the interfaces, so that what others have done to them stays, and starts the process. As
// `user`, where one is given. It ends soon after this process has.
absl::Status StartXdpCleaner(const std::vector<std::string>& interfaces,
                             std::optional<UserIds> user);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_XDP_CLEANER_H_
