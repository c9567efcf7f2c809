// What the EAL is told, and what a user may add to it. The EAL takes the last of two or prints its
// usage; here each clash has a sentence, before it is called.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "dataplane/capture/dpdk_environment.h"

namespace vedette {
namespace {

struct KnownArgument {
  absl::string_view name;
  enum class Value : uint8_t { kNone, kOptional, kNeeded } value;
  absl::string_view instead;  // not empty: ours to give, and this is what to do instead
};

using Value = KnownArgument::Value;

constexpr absl::string_view kPorts = "name the port in capture";
constexpr absl::string_view kCores = "processors are chosen by the number of workers";
constexpr absl::string_view kMemory = "set dpdk.memory_mib";
constexpr absl::string_view kPages = "set dpdk.hugepages";
constexpr absl::string_view kNothingShared = "this process shares nothing with others";
constexpr absl::string_view kNoHugeFiles = "hugepages are used without files (--in-memory)";

constexpr KnownArgument kKnown[] = {
    {"-a", Value::kNeeded, kPorts},
    {"--allow", Value::kNeeded, kPorts},
    {"-b", Value::kNeeded, kPorts},
    {"--block", Value::kNeeded, kPorts},
    {"--vdev", Value::kNeeded, kPorts},
    {"--no-pci", Value::kNone, kPorts},
    {"-c", Value::kNeeded, kCores},
    {"-l", Value::kNeeded, kCores},
    {"--lcores", Value::kNeeded, kCores},
    {"--main-lcore", Value::kNeeded, kCores},
    {"-s", Value::kNeeded, kCores},
    {"-S", Value::kNeeded, kCores},
    {"-m", Value::kNeeded, kMemory},
    {"--no-huge", Value::kNone, kPages},
    {"--in-memory", Value::kNone, kPages},
    {"--huge-dir", Value::kNeeded, kNoHugeFiles},
    {"--huge-unlink", Value::kOptional, kNoHugeFiles},
    {"--legacy-mem", Value::kNone, kNoHugeFiles},
    {"--single-file-segments", Value::kNone, kNoHugeFiles},
    {"--huge-worker-stack", Value::kOptional, "the EAL starts no workers here"},
    {"--file-prefix", Value::kNeeded, "set dpdk.file_prefix"},
    {"--proc-type", Value::kNeeded, kNothingShared},
    {"--no-shconf", Value::kNone, kNothingShared},
    {"--telemetry", Value::kNone, kNothingShared},
    {"--no-telemetry", Value::kNone, kNothingShared},
    {"--syslog", Value::kOptional, "the log goes where the sensor's goes"},
    {"-v", Value::kNone, "vedette doctor says the version"},
    {"-h", Value::kNone, "see docs/dpdk.md"},
    {"--help", Value::kNone, "see docs/dpdk.md"},
    {"--base-virtaddr", Value::kNeeded, ""},
    {"--create-uio-dev", Value::kNone, ""},
    {"-d", Value::kNeeded, ""},
    {"--force-max-simd-bitwidth", Value::kNeeded, ""},
    {"--iova-mode", Value::kNeeded, ""},
    {"--log-level", Value::kNeeded, ""},
    {"--match-allocations", Value::kNone, ""},
    {"--mbuf-pool-ops-name", Value::kNeeded, ""},
    {"-n", Value::kNeeded, ""},
    {"--no-hpet", Value::kNone, ""},
    {"-r", Value::kNeeded, ""},
    {"--socket-limit", Value::kNeeded, ""},
    {"--socket-mem", Value::kNeeded, ""},
    {"--trace", Value::kNeeded, ""},
    {"--trace-bufsz", Value::kNeeded, ""},
    {"--trace-dir", Value::kNeeded, ""},
    {"--trace-mode", Value::kNeeded, ""},
    {"--vfio-intr", Value::kNeeded, ""},
    {"--vfio-vf-token", Value::kNeeded, ""},
    {"--vmware-tsc-map", Value::kNone, ""},
};

// The EAL knows these two only where its memory is hugepages.
constexpr absl::string_view kHugepagesOnly[] = {"--socket-mem", "--socket-limit",
                                                "--match-allocations"};
constexpr absl::string_view kRepeatable[] = {"-d", "--log-level", "--trace"};

template <typename List>
bool Contains(const List& list, absl::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

std::string AllowedArguments() {
  std::vector<absl::string_view> allowed;
  for (const KnownArgument& known : kKnown) {
    if (known.instead.empty()) allowed.push_back(known.name);
  }
  return absl::StrJoin(allowed, ", ");
}

// "--iova-mode=pa", "--iova-mode" "pa", "-n" "4", "-n4".
class Reader {
 public:
  Reader(const std::vector<std::string>& arguments, bool hugepages)
      : arguments_(arguments), hugepages_(hugepages) {}

  std::vector<std::string> Read() {
    while (at_ < arguments_.size()) ReadOne();
    if (Contains(given_, "--trace-dir") && !Contains(given_, "--trace")) {
      faults_.push_back("--trace-dir: of no use without --trace; leave it out or add --trace");
    }
    return std::move(faults_);
  }
  const std::vector<absl::string_view>& given() const { return given_; }

 private:
  void ReadOne() {
    const absl::string_view argument = arguments_[at_++];
    const bool long_form = absl::StartsWith(argument, "--");
    if (!long_form && (argument.size() < 2 || argument[0] != '-')) {
      faults_.push_back(absl::StrCat("found '", argument,
                                     "', allowed an option of the EAL and its ",
                                     "value: ", AllowedArguments()));
      return;
    }
    const size_t equals = long_form ? argument.find('=') : absl::string_view::npos;
    const absl::string_view name = long_form ? argument.substr(0, equals) : argument.substr(0, 2);
    const bool attached = long_form ? equals != absl::string_view::npos : argument.size() > 2;
    const auto* const known =
        std::find_if(std::begin(kKnown), std::end(kKnown),
                     [name](const KnownArgument& k) { return k.name == name; });
    if (known == std::end(kKnown)) {
      faults_.push_back(absl::StrCat(name, ": unknown, allowed ", AllowedArguments()));
      return;
    }
    ReadValue(*known, attached);
    Judge(*known);
  }

  void ReadValue(const KnownArgument& known, bool attached) {
    if (known.value == Value::kNone && attached) {
      faults_.push_back(absl::StrCat(known.name, ": takes no value"));
    }
    if (known.value != Value::kNeeded || attached) return;
    if (at_ == arguments_.size() || absl::StartsWith(arguments_[at_], "-")) {
      faults_.push_back(absl::StrCat(known.name, ": needs a value"));
    } else {
      ++at_;
    }
  }

  void Judge(const KnownArgument& known) {
    if (!known.instead.empty()) {
      faults_.push_back(absl::StrCat(known.name, ": not yours to give: ", known.instead));
    } else if (Contains(given_, known.name) && !Contains(kRepeatable, known.name)) {
      faults_.push_back(absl::StrCat(known.name, ": given twice, allowed once"));
    } else if (!hugepages_ && Contains(kHugepagesOnly, known.name)) {
      faults_.push_back(absl::StrCat(
          known.name, ": has a meaning with hugepages only, and memory is ordinary here: leave it ",
          "out, or set dpdk.hugepages to true"));
    }
    given_.push_back(known.name);
  }

  const std::vector<std::string>& arguments_;
  bool hugepages_;
  size_t at_ = 0;
  std::vector<absl::string_view> given_;
  std::vector<std::string> faults_;
};

bool IsFilePrefix(absl::string_view text) {
  constexpr size_t kBytesMax = 40;
  return text.size() <= kBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
         });
}

bool IsHex(absl::string_view text, size_t digits_min, size_t digits_max) {
  return text.size() >= digits_min && text.size() <= digits_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
}

std::vector<std::string> Compose(const DpdkOptions& options, bool hugepages, bool own_memory,
                                 bool own_iova) {
  // In memory: no hugetlbfs to mount, no files to share or to clean up.
  std::vector<std::string> arguments = {hugepages ? "--in-memory" : "--no-huge"};
  if (!hugepages) arguments.emplace_back("--no-shconf");  // --in-memory knows no ordinary memory
  arguments.emplace_back("--no-telemetry");
  arguments.push_back(absl::StrCat("--file-prefix=", options.file_prefix.empty()
                                                         ? absl::StrCat("vedette_", getpid())
                                                         : options.file_prefix));
  if (own_iova) arguments.emplace_back("--iova-mode=va");
  if (own_memory) {
    arguments.insert(arguments.end(), {"-m", absl::StrCat(options.memory_mib)});
  }
  bool any_pci = false;
  for (const std::string& device : options.devices) {
    const std::string address(device.substr(0, device.find(',')));
    if (!IsPciAddress(address)) continue;
    any_pci = true;
    arguments.insert(arguments.end(), {"-a", device});
  }
  if (!any_pci) arguments.emplace_back("--no-pci");
  arguments.emplace_back("--log-level=*:warning");
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  return arguments;
}

}  // namespace

bool IsPciAddress(absl::string_view device) {
  const std::vector<absl::string_view> parts = absl::StrSplit(device, ':');
  if (parts.size() < 2 || parts.size() > 3) return false;
  if (parts.size() == 3 && !IsHex(parts[0], 1, 8)) return false;
  const std::pair<absl::string_view, absl::string_view> slot =
      absl::StrSplit(parts.back(), absl::MaxSplits('.', 1));
  return IsHex(parts[parts.size() - 2], 1, 2) && IsHex(slot.first, 1, 2) &&
         slot.second.size() == 1 && slot.second[0] >= '0' && slot.second[0] <= '7';
}

absl::StatusOr<std::vector<std::string>> DpdkArguments(const DpdkOptions& options, bool hugepages) {
  Reader reader(options.arguments, hugepages);
  std::vector<std::string> faults = reader.Read();
  if (!IsFilePrefix(options.file_prefix)) {
    faults.push_back(absl::StrCat("--file-prefix: found '", options.file_prefix,
                                  "', allowed at most 40 letters, digits, '_' and '-'"));
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return Compose(options, hugepages, !Contains(reader.given(), "--socket-mem"),
                 !Contains(reader.given(), "--iova-mode"));
}

}  // namespace vedette
