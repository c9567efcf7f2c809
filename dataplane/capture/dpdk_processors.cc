#include "dataplane/capture/dpdk_processors.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace vedette {

std::vector<int> ChooseProcessors(absl::Span<const int> allowed, absl::Span<const int> near,
                                  size_t pollers, size_t threads) {
  std::vector<int> chosen;
  if (allowed.size() <= std::max(pollers, threads)) return chosen;
  const auto is_near = [near](int cpu) {
    return std::find(near.begin(), near.end(), cpu) != near.end();
  };
  // The lowest is where interrupts and everybody else are.
  for (const bool wanted_near : {true, false}) {
    for (const int cpu : allowed.subspan(1)) {
      if (chosen.size() < pollers && is_near(cpu) == wanted_near) chosen.push_back(cpu);
    }
  }
  return chosen;
}

std::vector<int> ParseProcessorList(absl::string_view text) {
  std::vector<int> cpus;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> range =
        absl::StrSplit(part, absl::MaxSplits('-', 1));
    int first = 0, last = 0;
    if (!absl::SimpleAtoi(range.first, &first)) continue;
    if (range.second.empty()) {
      last = first;
    } else if (!absl::SimpleAtoi(range.second, &last)) {
      continue;
    }
    for (int cpu = std::max(first, 0); cpu <= last && cpu < CPU_SETSIZE; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<int> AllowedProcessors() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<int> ProcessorsOfNode(int node) {
  if (node < 0) return AllowedProcessors();
  std::ifstream file(absl::StrCat("/sys/devices/system/node/node", node, "/cpulist"));
  std::string text;
  if (!std::getline(file, text)) return AllowedProcessors();
  return ParseProcessorList(text);
}

}  // namespace vedette
