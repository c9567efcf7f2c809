#include "dataplane/capture/dpdk_environment.h"

#include <fcntl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <mutex>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace vedette {
namespace {

constexpr size_t kLogBytesMax = 16 << 10;  // the rest is dropped: the first words name the cause
constexpr uint64_t kPageMib = 2;
constexpr char kPageFolder[] = "/sys/kernel/mm/hugepages/hugepages-2048kB/";

// Lives until the process ends: DPDK's threads may log at any time.
struct Log {
  std::mutex mutex;
  std::string text;
};
Log& TheLog() {
  static Log& log = *new Log;
  return log;
}

void Append(absl::string_view text) {
  Log& log = TheLog();
  const std::lock_guard<std::mutex> lock(log.mutex);
  log.text.append(text.data(), std::min(text.size(), kLogBytesMax - log.text.size()));
}

ssize_t WriteLog(void*, const char* data, size_t size) {
  Append({data, size});
  return static_cast<ssize_t>(size);
}

void RouteLog() {
  FILE* stream = fopencookie(nullptr, "w", {.write = WriteLog});
  if (stream == nullptr) return;
  setvbuf(stream, nullptr, _IONBF, 0);
  rte_openlog_stream(stream);
}

// The EAL ties its caller to one processor; threads made later would inherit that.
class ProcessorsKept {
 public:
  ProcessorsKept() : known_(sched_getaffinity(0, sizeof set_, &set_) == 0) {}
  ~ProcessorsKept() {
    if (known_) sched_setaffinity(0, sizeof set_, &set_);
  }
  ProcessorsKept(const ProcessorsKept&) = delete;
  ProcessorsKept& operator=(const ProcessorsKept&) = delete;
  int first() const {
    for (int cpu = 0; known_ && cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set_)) return cpu;
    }
    return 0;
  }

 private:
  cpu_set_t set_{};
  bool known_;
};

uint64_t FreePages() {
  std::ifstream file(absl::StrCat(kPageFolder, "free_hugepages"));
  uint64_t pages = 0;
  return file >> pages ? pages : 0;
}

bool MayUsePages() {
  constexpr size_t kPageBytes = kPageMib << 20;
  void* page = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);
  if (page == MAP_FAILED) return false;
  munmap(page, kPageBytes);
  return true;
}

// Empty: hugepages can be had. Else why not, and what to do.
std::string WhyNoHugepages(const DpdkOptions& options) {
  const uint64_t wanted = (options.memory_mib + kPageMib - 1) / kPageMib;
  const uint64_t found = FreePages();
  if (found < wanted) {
    return absl::StrCat("found ", found, " free hugepages of 2 MiB, wanted ", wanted,
                        " for dpdk.memory_mib: ", options.memory_mib,
                        "; reserve them with: sysctl vm.nr_hugepages=", wanted);
  }
  if (!MayUsePages()) {
    return "this user may use no hugepages, or a control group allows none; raise the limit "
           "(memory "
           "lock, hugetlb.2MB.max)";
  }
  return "";
}

absl::Status StartFailed(int error) {
  const std::string log = DpdkEnvironment::TakeLog();
  const std::string said =
      log.empty() ? "" : absl::StrCat("; it says: ", absl::StrReplaceAll(log, {{"\n", "; "}}));
  const std::string text = absl::StrCat("DPDK's environment does not start: ", rte_strerror(error),
                                        said, "; see docs/dpdk.md");
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  if (error == ENOMEM) return absl::ResourceExhaustedError(text);
  return absl::FailedPreconditionError(text);
}

absl::Status Initialize(std::vector<std::string> arguments) {
  RouteLog();
  const ProcessorsKept processors;
  arguments.insert(arguments.begin(), {"vedette", absl::StrCat("--lcores=0@", processors.first())});
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int begun = 0;
  {
    const DpdkStreamsAside aside;
    begun = rte_eal_init(static_cast<int>(pointers.size()), pointers.data());
  }
  return begun < 0 ? StartFailed(rte_errno) : absl::OkStatus();
}

}  // namespace

DpdkStreamsAside::DpdkStreamsAside() : aside_(memfd_create("eal", MFD_CLOEXEC)) {
  if (aside_ < 0) return;
  std::fflush(stdout);
  for (int stream = 0; stream < 2; ++stream) {
    kept_[stream] = fcntl(stream + 1, F_DUPFD_CLOEXEC, 3);
    if (kept_[stream] >= 0) dup2(aside_, stream + 1);
  }
}

DpdkStreamsAside::~DpdkStreamsAside() {
  if (aside_ < 0) return;
  std::fflush(stdout);
  for (int stream = 0; stream < 2; ++stream) {
    if (kept_[stream] < 0) continue;
    dup2(kept_[stream], stream + 1);
    close(kept_[stream]);
  }
  char text[4096];
  const ssize_t size = pread(aside_, text, sizeof text, 0);
  if (size > 0) Append({text, static_cast<size_t>(size)});
  close(aside_);
}

absl::StatusOr<std::unique_ptr<DpdkEnvironment>> DpdkEnvironment::Start(
    const DpdkOptions& options) {
  const std::string why_not = options.hugepages == DpdkHugepages::kOff ? "dpdk.hugepages is false"
                                                                       : WhyNoHugepages(options);
  const bool hugepages = why_not.empty();
  absl::StatusOr<std::vector<std::string>> arguments = DpdkArguments(options, hugepages);
  if (!arguments.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "dpdk.eal_arguments: ",
        absl::StrReplaceAll(arguments.status().message(), {{"\n", "\ndpdk.eal_arguments: "}})));
  }
  if (options.hugepages == DpdkHugepages::kOn && !hugepages) {
    return absl::FailedPreconditionError(
        absl::StrCat("dpdk.hugepages: ", why_not,
                     "; or set dpdk.hugepages to false, which is enough for virtual devices"));
  }
  static bool called = false;
  if (std::exchange(called, true)) {
    return absl::FailedPreconditionError(
        "DPDK's environment was started in this process before and can be started once; start the "
        "program again");
  }
  absl::Status begun = Initialize(*std::move(arguments));
  if (!begun.ok()) return begun;
  std::vector<std::string> notes = {
      hugepages ? absl::StrCat("DPDK has ", options.memory_mib, " MiB of hugepages")
                : absl::StrCat("DPDK has ", options.memory_mib, " MiB of ordinary memory (",
                               why_not, ")")};
  return std::unique_ptr<DpdkEnvironment>(new DpdkEnvironment(hugepages, std::move(notes)));
}

DpdkEnvironment::~DpdkEnvironment() {
  const DpdkStreamsAside aside;
  rte_eal_cleanup();
}

std::string DpdkEnvironment::TakeLog() {
  Log& log = TheLog();
  std::string text;
  {
    const std::lock_guard<std::mutex> lock(log.mutex);
    text = std::exchange(log.text, "");
  }
  std::vector<absl::string_view> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) lines.push_back(line);
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace vedette
