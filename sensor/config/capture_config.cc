#include "sensor/config/capture_config.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dataplane/worker/shard_window.h"

namespace vedette {
namespace {

constexpr int kCoreMax = 1'023;  // as many as a cpu_set_t holds

bool ParseCore(absl::string_view text, int& core) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(text, &core) && core <= kCoreMax;
}

void ReadInterfaces(Settings& settings, std::vector<std::string>& interfaces) {
  settings.TextList("interfaces", interfaces);
  for (const std::string& name : interfaces) {
    if (name.empty() || name.size() > 255) {
      settings.Fault("interfaces", "allowed names of 1 to 255 bytes, as 'ip link' shows them");
    } else if (std::count(interfaces.begin(), interfaces.end(), name) > 1) {
      settings.Fault("interfaces", absl::StrCat("'", name, "' is named twice, allowed once"));
      return;
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<int>> ParseCoreList(absl::string_view text) {
  const auto refuse = [text](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("found '", text, "'", why,
                     ", allowed auto, or processors such as 2-5,8 (0 to ", kCoreMax, ")"));
  };
  std::vector<int> cores;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    int first = 0, last = 0;
    if (ends.size() > 2 || !ParseCore(ends.front(), first) || !ParseCore(ends.back(), last) ||
        last < first) {
      return refuse("");
    }
    for (int core = first; core <= last; ++core) {
      if (std::find(cores.begin(), cores.end(), core) != cores.end()) {
        return refuse(absl::StrCat(", which names ", core, " twice"));
      }
      cores.push_back(core);
    }
  }
  return cores;
}

CaptureConfig CaptureConfig::Read(Settings settings) {
  CaptureConfig capture;
  static constexpr absl::string_view kSources[] = {"auto", "libpcap", "dpdk"};
  settings.Choice("source", kSources, capture.source);
  ReadInterfaces(settings, capture.interfaces);
  settings.Integer("snap_length_bytes", 96, 262'144, capture.snap_length_bytes);
  settings.Flag("promiscuous", capture.promiscuous);
  settings.Text("bpf", capture.bpf);
  settings.Integer("buffer_mib", 1, 2'047, capture.buffer_mib);
  settings.Integer("workers", 1, uint32_t{kShards}, capture.workers);
  settings.Text("cores", capture.cores);
  if (capture.cores != "auto") {
    const absl::StatusOr<std::vector<int>> cores = ParseCoreList(capture.cores);
    if (!cores.ok()) {
      settings.Fault("cores", std::string(cores.status().message()));
    } else if (cores->size() < capture.workers) {
      settings.Fault("cores", absl::StrCat("found ", cores->size(), " processors for ",
                                           capture.workers, " workers, allowed one for each"));
    }
  }
  settings.Finish();
  return capture;
}

}  // namespace vedette
