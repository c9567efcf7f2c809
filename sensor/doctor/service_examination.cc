#include "sensor/doctor/service_examination.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace vedette {
namespace {

// What the unit gives; a spool and a broker's connections take some hundred.
constexpr int64_t kOpenFilesMin = 1'024;

// The soft limit of /proc/self/limits; absent: unlimited, or not to be read.
std::optional<int64_t> LimitOf(const Machine& machine, absl::string_view name) {
  const std::optional<std::string> text = machine.Text("/proc/self/limits");
  if (!text) return std::nullopt;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!absl::ConsumePrefix(&line, name)) continue;
    const std::vector<absl::string_view> columns = absl::StrSplit(line, ' ', absl::SkipEmpty());
    int64_t limit = 0;
    if (!columns.empty() && absl::SimpleAtoi(columns[0], &limit)) return limit;
  }
  return std::nullopt;
}

bool HasUser(const Machine& machine, const std::string& name) {
  const std::optional<std::string> users = machine.Text("/etc/passwd");
  if (!users) return true;  // nobody knows
  for (const absl::string_view line : absl::StrSplit(*users, '\n')) {
    if (absl::StartsWith(line, name + ":")) return true;
  }
  return false;
}

DoctorFinding Restrictions(const Machine& machine, const SensorConfig& config) {
  const std::string subject = "sandbox";
  if (!config.service.sandboxed()) {
    return {Health::kNote, subject, "service.sandbox is off", "leave it out where all works"};
  }
  if (!machine.ask_restrictions) return {Health::kNote, subject, "not asked", ""};
  const KernelRestrictions kernel = machine.ask_restrictions();
  if (!kernel.syscall_filter) {
    return {Health::kWrong, subject,
            "this kernel has no seccomp filters: the sensor does not start",
            "boot a kernel with CONFIG_SECCOMP_FILTER, or set service.sandbox to off"};
  }
  if (kernel.landlock_version == 0) {
    return {Health::kNote, subject, "seccomp, and no Landlock: files are left to the user's rights",
            "boot with lsm=landlock,... (kernel 5.13 or newer)"};
  }
  return {Health::kGood, subject,
          absl::StrCat("seccomp and Landlock (version ", kernel.landlock_version, ")"), ""};
}

DoctorFinding User(const Machine& machine, const SensorConfig& config) {
  const std::string subject = "user";
  const std::string& name = config.service.user;
  if (!name.empty() && !HasUser(machine, name)) {
    return {
        Health::kWrong, subject,
        absl::StrCat("service.user: there is no user ", name, " in /etc/passwd"),
        absl::StrCat("'useradd --system --no-create-home --shell /usr/sbin/nologin ", name, "'")};
  }
  if (!name.empty()) return {Health::kGood, subject, absl::StrCat("becomes ", name), ""};
  for (const char* const folder : {"/etc/systemd/system", "/lib/systemd/system"}) {
    if (!machine.Exists(absl::StrCat(folder, "/vedette.service"))) continue;
    const std::vector<std::string> changes = machine.Names("/etc/systemd/system/vedette.service.d");
    return {Health::kGood, subject,
            absl::StrCat("that of ", folder, "/vedette.service", changes.empty() ? "" : ", with ",
                         absl::StrJoin(changes, ", ")),
            ""};
  }
  return {Health::kNote, subject, "no unit is installed and service.user is not set",
          "install conf/systemd/vedette.service, or set service.user when root starts it"};
}

std::optional<DoctorFinding> Limits(const Machine& machine, const SensorConfig& config) {
  const std::optional<int64_t> files = LimitOf(machine, "Max open files");
  if (!files || *files >= kOpenFilesMin || !config.sinks.to_kafka()) return std::nullopt;
  return DoctorFinding{Health::kNote, "limits",
                       absl::StrCat(*files, " open files at most, for a spool and a broker"),
                       "'ulimit -n 65536', or LimitNOFILE=65536 in the unit"};
}

}  // namespace

std::vector<DoctorFinding> ExamineService(const Machine& machine, const SensorConfig& config) {
  std::vector<DoctorFinding> findings = {Restrictions(machine, config), User(machine, config)};
  if (std::optional<DoctorFinding> limits = Limits(machine, config)) {
    findings.push_back(*std::move(limits));
  }
  return findings;
}

}  // namespace vedette
