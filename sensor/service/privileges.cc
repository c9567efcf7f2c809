#include "sensor/service/privileges.h"

#include <cap-ng.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sensor/service/every_thread.h"

namespace vedette {
namespace {

constexpr auto kBoth = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);

absl::Status Refused(absl::string_view what, int error) {
  return absl::PermissionDeniedError(
      absl::StrCat("rights cannot be given up: ", what, ": ", std::strerror(error),
                   "; see docs/service.md, or set service.sandbox to off"));
}

bool Holds(int capability) {
  return capng_have_capability(CAPNG_PERMITTED, static_cast<unsigned>(capability)) != 0;
}

// What capset takes; made beforehand, as a signal handler may not ask a library.
struct Seal {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
};

int ApplySeal(const void* argument) {
  Seal seal = *static_cast<const Seal*>(argument);  // the kernel may write into the header
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;
  // A thread has at most what is kept; nobody can give it more than it has.
  Seal held;
  if (syscall(SYS_capget, &held.header, held.data.data()) != 0) return errno;
  for (size_t i = 0; i < seal.data.size(); ++i) {
    seal.data[i].permitted &= held.data[i].permitted;
    seal.data[i].effective &= held.data[i].permitted;
  }
  return syscall(SYS_capset, &seal.header, seal.data.data()) == 0 ? 0 : errno;
}

}  // namespace

CapabilityList HeldOf(const CapabilityList& wanted) {
  CapabilityList held;
  if (capng_get_caps_process() != 0) return held;
  std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(held), Holds);
  return held;
}

std::string NamesOf(const CapabilityList& capabilities) {
  if (capabilities.empty()) return "none";
  return absl::StrJoin(capabilities, ", ", [](std::string* out, int capability) {
    const char* const name = capng_capability_to_name(static_cast<unsigned>(capability));
    absl::StrAppend(out, "CAP_", absl::AsciiStrToUpper(name == nullptr ? "?" : name));
  });
}

absl::Status ForbidMemoryImages() {
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return Refused("RLIMIT_CORE", errno);
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Refused("PR_SET_DUMPABLE", errno);
  return absl::OkStatus();
}

absl::Status KeepCapabilities(const CapabilityList& kept) {
  const CapabilityList held = HeldOf(kept);
  const bool may_bound = Holds(CAP_SETPCAP);
  capng_clear(CAPNG_SELECT_ALL);
  for (const int capability : held) {
    capng_update(CAPNG_ADD, kBoth, static_cast<unsigned>(capability));
  }
  // The bounding set goes first, while the right to cut it is still there.
  if (may_bound && capng_apply(CAPNG_SELECT_BOUNDS) != 0) return Refused("bounding set", errno);
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) return Refused("capabilities", errno);
  if (capng_apply(CAPNG_SELECT_AMBIENT) != 0) return Refused("ambient set", errno);
  return absl::OkStatus();
}

absl::StatusOr<UserIds> FindUser(const std::string& name) {
  errno = 0;
  const passwd* const found = getpwnam(name.c_str());
  if (found != nullptr) return UserIds{found->pw_uid, found->pw_gid};
  return absl::NotFoundError(
      absl::StrCat("service.user: found '", name, "', and this machine has no such user: 'useradd ",
                   "--system --no-create-home --shell /usr/sbin/nologin ", name, "'"));
}

absl::Status BecomeUser(UserIds ids, const CapabilityList& kept) {
  const CapabilityList held = HeldOf(kept);
  capng_clear(CAPNG_SELECT_ALL);
  for (const int capability : held) {
    capng_update(CAPNG_ADD, kBoth, static_cast<unsigned>(capability));
  }
  const auto flags = static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_AMBIENT);
  const int result =
      capng_change_id(static_cast<int>(ids.user), static_cast<int>(ids.group), flags);
  if (result != 0) {
    return Refused(absl::StrCat("changing to user ", ids.user, " (step ", -result, ")"), errno);
  }
  // The kernel allows images again when a user changes, as far as fs.suid_dumpable says.
  return ForbidMemoryImages();
}

absl::Status SealEveryThread(const CapabilityList& kept) {
  Seal seal;
  for (const int capability : kept) {
    __user_cap_data_struct& data = seal.data[static_cast<size_t>(capability) / 32];
    data.permitted |= uint32_t{1} << (capability % 32);
    data.effective = data.permitted;
  }
  return InEveryThread(ApplySeal, &seal);
}

}  // namespace vedette
