#include "dataplane/capture/interface_counters.h"

#include <net/if.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = "/sys/class/net";

bool IsInterfaceName(absl::string_view name) {
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         name.find('/') == absl::string_view::npos;
}

}  // namespace

absl::StatusOr<InterfaceCounters> ReadInterfaceCounters(absl::string_view interface) {
  const auto missing = [interface] {
    return absl::NotFoundError(
        absl::StrCat("no interface ", interface, "; found are ", InterfaceNames()));
  };
  if (!IsInterfaceName(interface)) return missing();
  InterfaceCounters counters;
  uint64_t fifo = 0;
  const struct {
    const char* name;
    uint64_t& value;
  } kFiles[] = {{"rx_packets", counters.received},
                {"tx_packets", counters.transmitted},
                {"rx_missed_errors", counters.missed},
                {"rx_fifo_errors", fifo}};
  for (const auto& [name, value] : kFiles) {
    std::ifstream file(absl::StrCat(kFolder, "/", interface, "/statistics/", name));
    if (!(file >> value)) return missing();
  }
  counters.missed += fifo;
  return counters;
}

std::string InterfaceNames() {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(kFolder, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

uint64_t LossReconciler::PacketsSince(const InterfaceCounters& now) const {
  // A counter that was set back (the interface was made anew) counts from there.
  const auto since = [](uint64_t a, uint64_t b) { return a >= b ? a - b : a; };
  return since(now.received, start_.received) +
         (both_directions_ ? since(now.transmitted, start_.transmitted) : 0);
}

void LossReconciler::Compare(uint64_t seen, uint64_t received, uint64_t told) {
  if (seen > received + told) lost_ = std::max(lost_, seen - received - told);
}

uint64_t LossReconciler::Update(const std::atomic<uint64_t>& received,
                                const std::atomic<uint64_t>& emptied, uint64_t told) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_ && emptied.load(std::memory_order_acquire) > waiting_->emptied) {
    Compare(waiting_->packets, received.load(std::memory_order_relaxed), told);
    waiting_.reset();
  }
  if (!waiting_) {
    const absl::StatusOr<InterfaceCounters> now = Read();
    // One poll may have begun before the count and end after it: the one after that counts.
    if (now.ok()) {
      waiting_ = Seen{PacketsSince(*now), emptied.load(std::memory_order_relaxed) + 1};
    }
  }
  return lost_;
}

uint64_t LossReconciler::Finish(const InterfaceCounters& seen, uint64_t received, uint64_t told) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Compare(PacketsSince(seen), received, told);
  waiting_.reset();
  return lost_;
}

uint64_t LossReconciler::lost() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return lost_;
}

}  // namespace vedette
