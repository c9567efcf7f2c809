// `vedette explain ADDRESS`: is it home, in which groups, which policy entries name it, and for
// each kind of alert what the policy says and which limits hold. One thread.
#ifndef VEDETTE_SENSOR_COMMAND_EXPLAIN_HOST_H_
#define VEDETTE_SENSOR_COMMAND_EXPLAIN_HOST_H_

#include <cstdint>
#include <string>

#include "sensor/command/explanation.h"

namespace vedette {

Explanation ExplainHost(const HostTerm& host, const ConfigReading& reading,
                        absl::string_view config_name, uint64_t now_us);

// "as its own address", "by 24 bits of 10.1.2.0/24": how an entry or group covers a host.
std::string FitText(const Policy::Rank& rank, bool v4);
// What decides such an alert when nothing is known of the other end.
std::string OneEndVerdict(const Policy& policy, absl::string_view kind, const PolicyEnd& host,
                          bool source, uint64_t now_us);
// The home network it lies in, or that it lies in none, and where that comes from.
std::string HomeText(const IpAddress& ip, const ConfigReading& reading,
                     absl::string_view config_name);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_COMMAND_EXPLAIN_HOST_H_
