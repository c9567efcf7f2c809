// Rights of the process and their end: capabilities, user, memory images. Set-up only.
#ifndef VEDETTE_SENSOR_SERVICE_PRIVILEGES_H_
#define VEDETTE_SENSOR_SERVICE_PRIVILEGES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vedette {

// Numbers of linux/capability.h.
using CapabilityList = std::vector<int>;

// Those that the process has, of the ones in `wanted`.
CapabilityList HeldOf(const CapabilityList& wanted);

// "CAP_NET_RAW, CAP_BPF"; "none".
std::string NamesOf(const CapabilityList& capabilities);

// No image of the memory goes to a disk or another process of the user: secrets are in it.
absl::Status ForbidMemoryImages();

// Effective and permitted become `kept`, as far as they are held; inheritable and ambient become
// empty, and the bounding set where CAP_SETPCAP is held. Of the calling thread, and those it
// starts.
absl::Status KeepCapabilities(const CapabilityList& kept);

struct UserIds {
  unsigned user = 0;
  unsigned group = 0;
};
absl::StatusOr<UserIds> FindUser(const std::string& name);

// Becomes `ids` with no other group, and keeps `kept`. Only root can. All threads change their
// user, the calling one alone keeps capabilities.
absl::Status BecomeUser(UserIds ids, const CapabilityList& kept);

// The last word: no program that is started from here on gains a right, and every thread there is
// has `kept` at most.
absl::Status SealEveryThread(const CapabilityList& kept);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_PRIVILEGES_H_
