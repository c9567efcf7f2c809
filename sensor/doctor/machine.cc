#include "sensor/doctor/machine.h"

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sensor/service/file_access.h"
#include "sensor/service/syscall_filter.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTextBytesMax = 1 << 16;

// Asks one thing of one interface's driver.
class NicQuery {
 public:
  explicit NicQuery(const std::string& interface)
      : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    known_ = interface.size() < sizeof request_.ifr_name;
    if (known_) interface.copy(request_.ifr_name, interface.size());
  }
  ~NicQuery() {
    if (socket_ >= 0) close(socket_);
  }
  NicQuery(const NicQuery&) = delete;
  NicQuery& operator=(const NicQuery&) = delete;

  template <typename Command>
  bool Ask(uint32_t what, Command& command) {
    command.cmd = what;
    request_.ifr_data = reinterpret_cast<char*>(&command);
    return known_ && ioctl(socket_, SIOCETHTOOL, &request_) == 0;
  }

 private:
  int socket_;
  bool known_;
  ifreq request_{};
};

NicAbilities AskNic(const std::string& interface) {
  NicAbilities nic;
  NicQuery query(interface);
  if (ethtool_drvinfo info = {}; query.Ask(ETHTOOL_GDRVINFO, info)) nic.driver = info.driver;
  if (ethtool_ringparam ring = {}; query.Ask(ETHTOOL_GRINGPARAM, ring) && ring.rx_max_pending) {
    nic.ring = ring.rx_pending;
    nic.ring_max = ring.rx_max_pending;
  }
  if (ethtool_channels channels = {}; query.Ask(ETHTOOL_GCHANNELS, channels)) {
    nic.queues = channels.rx_count + channels.combined_count;
    nic.queues_max = std::max(channels.max_rx, channels.max_combined);
  }
  // Size 0 asks for the size alone.
  if (ethtool_rxfh_indir table = {}; query.Ask(ETHTOOL_GRXFHINDIR, table)) {
    nic.spread_entries = table.size;
  }
  if (ethtool_value gro = {}; query.Ask(ETHTOOL_GGRO, gro)) nic.gro = gro.data != 0;
  if (ethtool_value flags = {}; query.Ask(ETHTOOL_GFLAGS, flags)) {
    nic.lro = (flags.data & ETH_FLAG_LRO) != 0;
  }
  return nic;
}

std::optional<ClockState> AskClock() {
  timex state = {};
  const int answer = adjtimex(&state);
  if (answer < 0) return std::nullopt;
  return ClockState{.synchronised = answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0,
                    .error_us_max = state.maxerror};
}

}  // namespace

std::string Machine::PathOf(absl::string_view path) const {
  return (fs::path(root_) / fs::path(std::string(path)).relative_path()).string();
}

std::optional<std::string> Machine::Text(absl::string_view path) const {
  std::ifstream file(PathOf(path), std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kTextBytesMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return std::nullopt;
  text.resize(static_cast<size_t>(file.gcount()));
  absl::StripTrailingAsciiWhitespace(&text);
  return text;
}

std::optional<int64_t> Machine::Number(absl::string_view path) const {
  const std::optional<std::string> text = Text(path);
  int64_t number = 0;
  if (!text || !absl::SimpleAtoi(*text, &number)) return std::nullopt;
  return number;
}

std::vector<std::string> Machine::Names(absl::string_view folder) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(PathOf(folder), error), end; !error && at != end;
       at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool Machine::Exists(absl::string_view path) const {
  std::error_code error;
  return fs::exists(PathOf(path), error);
}

std::optional<std::string> Machine::LinkName(absl::string_view path) const {
  std::error_code error;
  const fs::path target = fs::read_symlink(PathOf(path), error);
  if (error) return std::nullopt;
  return target.filename().string();
}

std::optional<int64_t> Machine::MemoryInfo(absl::string_view key) const {
  const std::optional<std::string> text = Text("/proc/meminfo");
  if (!text) return std::nullopt;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.first != key) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(parts.second, ' ', absl::SkipEmpty());
    int64_t number = 0;
    if (!words.empty() && absl::SimpleAtoi(words.front(), &number)) return number;
  }
  return std::nullopt;
}

Machine ThisMachine() {
  Machine machine;
  machine.ask_nic = AskNic;
  machine.ask_clock = AskClock;
  machine.ask_restrictions = [] {
    return KernelRestrictions{LandlockVersion(), HasSyscallFilter()};
  };
  return machine;
}

}  // namespace vedette
