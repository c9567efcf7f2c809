#include "sensor/service/confinement.h"

#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "dataplane/capture/dpdk_environment.h"
#include "sensor/pipeline/live_sources.h"
#include "sensor/service/file_access.h"
#include "sensor/service/syscall_filter.h"
#include "sensor/service/xdp_cleaner.h"

namespace vedette {
namespace {

bool NamesAfXdp(const std::string& port) { return !XdpInterfaceOf(port).empty(); }

// An interface of the system is one of them too, where DPDK is configured: it is reached that way.
bool NamesAfPacket(const std::string& port) {
  return absl::StrContains(port, "af_packet") ||
         (!IsPciAddress(port) && !absl::StartsWith(port, "net_") && !absl::StrContains(port, ':'));
}

bool AnyOf(const CaptureConfig& capture, bool (*names)(const std::string&)) {
  return std::any_of(capture.interfaces.begin(), capture.interfaces.end(), names);
}

}  // namespace

RightsNeeded RightsFor(const CaptureConfig& capture) {
  if (!UsesDpdk(capture)) return {{CAP_NET_RAW}, {CAP_NET_RAW}};
  // A driver may lock memory for as long as it runs.
  RightsNeeded rights = {{CAP_IPC_LOCK}, {CAP_IPC_LOCK}};
  const bool xdp = AnyOf(capture, NamesAfXdp);
  const bool packet = AnyOf(capture, NamesAfPacket);
  if (xdp || packet) rights.to_open.push_back(CAP_NET_RAW);
  // Both drivers set an interface's address and mode when they start it.
  if (xdp || packet) rights.to_open.push_back(CAP_NET_ADMIN);
  if (packet) rights.to_go_on.push_back(CAP_NET_RAW);
  if (!xdp) return rights;
  // A program for the kernel and its maps; the library finds those again by their numbers, which
  // the kernel lets CAP_SYS_ADMIN alone do.
  rights.to_open.push_back(CAP_BPF);
  rights.to_open.push_back(CAP_SYS_ADMIN);
  return rights;
}

Confinement::Confinement(const SensorConfig& config, FilesInUse files)
    : config_(config), files_(std::move(files)), rights_(RightsFor(config.capture)) {}

absl::Status Confinement::Begin() {
  absl::Status status = ForbidMemoryImages();
  if (!status.ok()) return status;
  CapabilityList kept = rights_.to_open;
  if (geteuid() == 0 && !config_.service.user.empty()) {
    absl::StatusOr<UserIds> user = FindUser(config_.service.user);
    if (!user.ok()) return user.status();
    user_ = *user;
    // The last until the user has changed: what belongs to that user may be read before.
    for (const int capability : {CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_DAC_OVERRIDE}) {
      kept.push_back(capability);
    }
    MakeFolders(config_, files_, *user_);
  }
  // The owner of all files needs no right to go around their modes; one who may go around them for
  // tests and for looking into things keeps that with sandbox: off.
  if (!config_.service.sandboxed()) return absl::OkStatus();
  status = KeepCapabilities(kept);
  return status.ok() ? PrepareToLeaveXdp() : status;
}

absl::Status Confinement::PrepareToLeaveXdp() const {
  std::vector<std::string> interfaces;
  for (const std::string& port : config_.capture.interfaces) {
    std::string interface = XdpInterfaceOf(port);
    if (!interface.empty()) interfaces.push_back(std::move(interface));
  }
  const bool able = !HeldOf({CAP_NET_ADMIN}).empty();
  if (interfaces.empty() || !able || !UsesDpdk(config_.capture)) return absl::OkStatus();
  return StartXdpCleaner(interfaces, user_);
}

absl::Status Confinement::Complete() {
  if (user_.has_value()) {
    absl::Status became = BecomeServiceUser();
    if (!became.ok()) return became;
  }
  if (!config_.service.sandboxed()) {
    notes_.emplace_back("service.sandbox is off: files and system calls are not restricted");
    return absl::OkStatus();
  }
  return RestrictFilesAndCalls();
}

absl::Status Confinement::BecomeServiceUser() {
  absl::Status became = BecomeUser(*user_, rights_.to_go_on);
  if (became.ok()) notes_.push_back(absl::StrCat("runs as user ", config_.service.user));
  return became;
}

// Files first: the filter lets nobody add to what may be done.
absl::Status Confinement::RestrictFilesAndCalls() {
  const absl::StatusOr<bool> files = RestrictFiles(FileRulesOf(config_, files_));
  if (!files.ok()) return files.status();
  if (!*files) {
    notes_.emplace_back(
        "this kernel has no Landlock: files are restricted by the user's rights and the unit "
        "alone");
  }
  absl::Status sealed = KeepCapabilities(rights_.to_go_on);
  if (sealed.ok()) sealed = SealEveryThread(rights_.to_go_on);
  if (sealed.ok()) sealed = FilterSyscalls(AnyOf(config_.capture, NamesAfXdp));
  if (!sealed.ok()) return sealed;
  notes_.push_back(absl::StrCat(
      "rights kept: ", NamesOf(HeldOf(rights_.to_go_on)),
      *files ? "; files and system calls are restricted" : "; system calls are restricted"));
  return absl::OkStatus();
}

}  // namespace vedette
