// What the service manager hears: systemd's notification protocol. Without one (no $NOTIFY_SOCKET)
// every call does nothing. Any thread.
#ifndef VEDETTE_SENSOR_SERVICE_SERVICE_MANAGER_H_
#define VEDETTE_SENSOR_SERVICE_SERVICE_MANAGER_H_

#include <string>

#include "absl/time/time.h"

namespace vedette {

class ServiceManager {
 public:
  // After this `systemctl start` returns: the sources are open and the rights given up.
  void Ready(const std::string& status) const;
  // Until the next Ready.
  void Reloading() const;
  void Stopping(const std::string& status) const;
  // What `systemctl status` shows.
  void Status(const std::string& status) const;
  void Alive() const;
  // A start or stop may take so much longer from now on.
  void ExtendTimeout(absl::Duration by) const;

  // How often it wants to hear Alive; zero: it does not listen for it.
  static absl::Duration WatchdogInterval();
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_SERVICE_MANAGER_H_
