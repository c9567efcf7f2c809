// What the doctor looks at: files of /proc and /sys below a root, and what only the kernel can be
// asked. Both can be made up by a test. One thread.
#ifndef VEDETTE_SENSOR_DOCTOR_MACHINE_H_
#define VEDETTE_SENSOR_DOCTOR_MACHINE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace vedette {

// Of an interface's driver; what it does not say is absent.
struct NicAbilities {
  std::string driver;
  std::optional<uint32_t> ring, ring_max;      // receive descriptors
  std::optional<uint32_t> queues, queues_max;  // that receive
  std::optional<uint32_t> spread_entries;      // of the RSS table
  std::optional<bool> gro, lro;
};

struct ClockState {
  bool synchronised = false;
  int64_t error_us_max = 0;  // as the kernel believes
};

// What the kernel offers to those who give rights up.
struct KernelRestrictions {
  int landlock_version = 0;  // 0: none
  bool syscall_filter = false;
};

class Machine {
 public:
  explicit Machine(std::string root = "/") : root_(std::move(root)) {}

  // Of a small file, without its last newline; absent where it cannot be read.
  std::optional<std::string> Text(absl::string_view path) const;
  std::optional<int64_t> Number(absl::string_view path) const;
  // The names in a folder, sorted; none where there is no such folder.
  std::vector<std::string> Names(absl::string_view folder) const;
  bool Exists(absl::string_view path) const;
  // The last part of what a link points to.
  std::optional<std::string> LinkName(absl::string_view path) const;
  // "MemAvailable" of /proc/meminfo, in the unit it has there.
  std::optional<int64_t> MemoryInfo(absl::string_view key) const;

  std::function<NicAbilities(const std::string& interface)> ask_nic;
  std::function<std::optional<ClockState>()> ask_clock;
  std::function<KernelRestrictions()> ask_restrictions;

 private:
  std::string PathOf(absl::string_view path) const;
  std::string root_;
};

// The machine this runs on, drivers and clock asked by system calls.
Machine ThisMachine();

}  // namespace vedette
#endif  // VEDETTE_SENSOR_DOCTOR_MACHINE_H_
