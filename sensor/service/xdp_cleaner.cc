#include "sensor/service/xdp_cleaner.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sensor/service/file_access.h"
#include "sensor/service/syscall_filter.h"

namespace vedette {
namespace {

constexpr std::array<int, 2> kModes = {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE};

// An interface as it was before the sensor.
struct Before {
  std::string name;
  std::array<uint32_t, kModes.size()> programs{};  // by mode; 0: none
  bool promiscuous = false;
};

std::optional<short> FlagsOf(int socket, const std::string& interface) {
  ifreq request = {};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(socket, SIOCGIFFLAGS, &request) != 0) return std::nullopt;
  return request.ifr_flags;
}

void ClearPromiscuous(int socket, const std::string& interface) {
  const std::optional<short> flags = FlagsOf(socket, interface);
  if (!flags || (*flags & IFF_PROMISC) == 0) return;
  ifreq request = {};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(*flags & ~IFF_PROMISC);
  ioctl(socket, SIOCSIFFLAGS, &request);
}

uint32_t ProgramOf(unsigned index, int mode) {
  uint32_t program = 0;
  return bpf_xdp_query_id(static_cast<int>(index), mode, &program) == 0 ? program : 0;
}

Before Look(int socket, const std::string& interface) {
  Before before{.name = interface};
  const unsigned index = if_nametoindex(interface.c_str());
  for (size_t i = 0; index != 0 && i < kModes.size(); ++i) {
    before.programs[i] = ProgramOf(index, kModes[i]);
  }
  before.promiscuous = (FlagsOf(socket, interface).value_or(0) & IFF_PROMISC) != 0;
  return before;
}

// What was there before stays; an interface that is gone has nothing.
void Clean(int socket, const Before& before) {
  const unsigned index = if_nametoindex(before.name.c_str());
  for (size_t i = 0; index != 0 && i < kModes.size(); ++i) {
    if (before.programs[i] != 0 || ProgramOf(index, kModes[i]) == 0) continue;
    bpf_xdp_detach(static_cast<int>(index), static_cast<uint32_t>(kModes[i]), nullptr);
  }
  if (!before.promiscuous) ClearPromiscuous(socket, before.name);
}

absl::Status GiveUpAllElse(std::optional<UserIds> user) {
  const CapabilityList kept = {CAP_NET_ADMIN};
  absl::Status status = user.has_value() ? BecomeUser(*user, kept) : KeepCapabilities(kept);
  if (status.ok()) status = ForbidMemoryImages();
  if (status.ok()) status = RestrictFiles({}).status();
  return status.ok() ? FilterSyscalls(false) : status;
}

// Until the last end of the pipe is closed: when the sensor has ended.
void WaitForEnd(int pipe) {
  char nothing = 0;
  while (read(pipe, &nothing, 1) > 0 || errno == EINTR) errno = 0;
}

// What stops the sensor must not stop this before it.
void IgnoreSignals() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);
}

[[noreturn]] void RunCleaner(int pipe, int socket, const std::vector<Before>& interfaces,
                             std::optional<UserIds> user) {
  prctl(PR_SET_NAME, "vedette-xdp");
  IgnoreSignals();
  // Whoever reads what the sensor writes must see its end.
  close(STDIN_FILENO), close(STDOUT_FILENO), close(STDERR_FILENO);
  if (!GiveUpAllElse(user).ok()) _exit(1);
  WaitForEnd(pipe);
  for (const Before& interface : interfaces) Clean(socket, interface);
  _exit(0);
}

}  // namespace

std::string XdpInterfaceOf(const std::string& port) {
  const std::string short_form = "af_xdp:", argument = "iface=";
  if (absl::StartsWith(port, short_form)) return port.substr(short_form.size());
  const size_t at = port.find(argument);
  if (!absl::StartsWith(port, "net_af_xdp") || at == std::string::npos) return "";
  const size_t begin = at + argument.size();
  return port.substr(begin, port.find(',', begin) - begin);
}

absl::Status StartXdpCleaner(const std::vector<std::string>& interfaces,
                             std::optional<UserIds> user) {
  int ends[2];
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0 || pipe2(ends, O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrCat("no process for AF_XDP: ", std::strerror(errno)));
  }
  libbpf_set_print(nullptr);
  std::vector<Before> before;
  for (const std::string& interface : interfaces) before.push_back(Look(control, interface));
  const pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    RunCleaner(ends[0], control, before, user);
  }
  close(ends[0]), close(control);  // the other end stays open for as long as the sensor lives
  if (child < 0) {
    close(ends[1]);
    return absl::InternalError(absl::StrCat("no process for AF_XDP: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace vedette
