#include "sensor/pipeline/core_choice.h"

#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;

int NumberIn(const fs::path& path, int otherwise) {
  std::ifstream file(path);
  int number = 0;
  return file >> number ? number : otherwise;
}

// A processor's folder links to that of its node by name.
int NodeOf(const fs::path& processor) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(processor, error)) {
    const std::string name = entry.path().filename().string();
    int node = 0;
    if (absl::StartsWith(name, "node") && absl::SimpleAtoi(name.substr(4), &node)) return node;
  }
  return 0;
}

}  // namespace

std::vector<Processor> UsableProcessors(const std::string& root) {
  std::vector<Processor> usable;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return usable;
  for (int number = 0; number < CPU_SETSIZE; ++number) {
    if (!CPU_ISSET(number, &allowed)) continue;
    const fs::path folder = fs::path(root) / "sys/devices/system/cpu" / absl::StrCat("cpu", number);
    // "0,4" or "0-1": the first of the threads that share its core comes first.
    usable.push_back(
        {.number = number,
         .node = NodeOf(folder),
         .first_of_core = NumberIn(folder / "topology/thread_siblings_list", number) == number});
  }
  return usable;
}

int NodeOfInterface(const std::string& interface, const std::string& root) {
  return NumberIn(fs::path(root) / "sys/class/net" / interface / "device/numa_node", -1);
}

CoreChoice ChooseCores(absl::Span<const Processor> usable, size_t threads, int node) {
  std::vector<Processor> near(usable.begin(), usable.end());
  const auto distance = [node](const Processor& p) {
    return std::pair(node >= 0 && p.node != node, !p.first_of_core);
  };
  std::stable_sort(near.begin(), near.end(), [&distance](const Processor& a, const Processor& b) {
    return distance(a) < distance(b);
  });
  if (near.size() <= threads) {
    return {{},
            absl::StrCat("polling threads are not pinned: ", threads, " of them and ", near.size(),
                         " processors, where one must be left for the rest")};
  }
  CoreChoice choice;
  // The first one serves the system's interrupts as a rule, and is left.
  for (size_t i = 0; i < threads; ++i) choice.cores.push_back(near[i + 1].number);
  const bool all_near =
      std::all_of(near.begin(), near.begin() + static_cast<ptrdiff_t>(threads) + 1,
                  [node](const Processor& p) { return p.node == node; });
  choice.why = absl::StrCat("polling threads on processors ", absl::StrJoin(choice.cores, ","),
                            node < 0   ? ", the interface names no NUMA node"
                            : all_near ? absl::StrCat(", all of NUMA node ", node)
                                       : absl::StrCat(", NUMA node ", node, " has too few"));
  return choice;
}

}  // namespace vedette
