// DPDK's environment (EAL) in this process: hugepages or ordinary memory, which devices may be
// touched, where its log goes. It can be started once in the life of a process, whether that works
// out or not. Owned by whoever opens ports, and outlives them; set-up only, one thread. No other
// header of ours shows one of DPDK's.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DPDK_ENVIRONMENT_H_
#define VEDETTE_DATAPLANE_CAPTURE_DPDK_ENVIRONMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vedette {

enum class DpdkHugepages : uint8_t {
  kAuto,  // where enough are free, else ordinary memory
  kOn,
  kOff,  // ordinary memory: enough for virtual devices, no NIC can write into it
};

struct DpdkOptions {
  DpdkHugepages hugepages = DpdkHugepages::kAuto;
  uint32_t memory_mib = 128;           // packet buffers and the drivers' own
  std::string file_prefix;             // empty: one of this process
  std::vector<std::string> arguments;  // to the EAL as they are; those that are ours are refused
  // Those that will be opened, as DpdkPortOptions::device names them: the EAL keeps its hands off
  // every other NIC.
  std::vector<std::string> devices;
};

class DpdkEnvironment {
 public:
  // Everything that clashes is found before the EAL is called. Afterwards the calling thread has
  // the processors it had before.
  static absl::StatusOr<std::unique_ptr<DpdkEnvironment>> Start(const DpdkOptions& options);
  ~DpdkEnvironment();
  DpdkEnvironment(const DpdkEnvironment&) = delete;
  DpdkEnvironment& operator=(const DpdkEnvironment&) = delete;

  // What was chosen, in plain sentences for the log.
  const std::vector<std::string>& notes() const { return notes_; }
  bool hugepages() const { return hugepages_; }
  // What DPDK has logged since it was asked last, for a message: bounded, any bytes.
  static std::string TakeLog();

 private:
  DpdkEnvironment(bool hugepages, std::vector<std::string> notes)
      : hugepages_(hugepages), notes_(std::move(notes)) {}

  bool hugepages_;
  std::vector<std::string> notes_;
};

// While this lives, what is written to the process's own streams goes to the log: the EAL's usage,
// what drivers' libraries print. Set-up only: nobody else may be writing there.
class DpdkStreamsAside {
 public:
  DpdkStreamsAside();
  ~DpdkStreamsAside();
  DpdkStreamsAside(const DpdkStreamsAside&) = delete;
  DpdkStreamsAside& operator=(const DpdkStreamsAside&) = delete;

 private:
  int aside_;
  int kept_[2] = {-1, -1};
};

// The EAL's command line for these options, without the program's name. Fails for arguments that
// are ours to give, given twice, or that exclude one another: a line for each of them.
absl::StatusOr<std::vector<std::string>> DpdkArguments(const DpdkOptions& options, bool hugepages);

// "0000:81:00.0" or "81:00.0"; everything else is a virtual device.
bool IsPciAddress(absl::string_view device);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DPDK_ENVIRONMENT_H_
