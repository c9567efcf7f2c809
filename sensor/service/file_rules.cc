#include "sensor/service/file_rules.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "sensor/pipeline/live_sources.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;

// What the C library, OpenSSL and librdkafka look up as they go: names, certificates of the system,
// modules that resolve names. Folders, as resolv.conf and its like are replaced while we run. A
// user's own rights still hold: /etc/shadow is not readable for being in /etc.
constexpr const char* kSystem[] = {"/etc",
                                   "/usr/lib",
                                   "/usr/share",
                                   "/usr/local/share/ca-certificates",
                                   "/lib",
                                   "/lib64",
                                   "/run/systemd/resolve",
                                   "/run/resolvconf",
                                   "/run/NetworkManager",
                                   "/var/lib/ca-certificates",
                                   "/proc",
                                   "/sys",
                                   "/dev/urandom",
                                   "/dev/null"};

class Rules {
 public:
  void Read(const std::string& path) { rules_.push_back({path, FileUse::kRead}); }

  // With those that may take its place; the root folder would be everything.
  void ReadWithNeighbours(const std::string& file) {
    if (file.empty()) return;
    std::error_code error;
    const fs::path folder = fs::absolute(file, error).parent_path();
    Read(folder == folder.root_path() ? file : folder.string());
  }

  // A secret is a file, or a name in the folder that the service manager has made.
  void ReadSecret(const std::string& place) {
    if (absl::StartsWith(place, "/")) return ReadWithNeighbours(place);
    const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (!place.empty() && folder != nullptr) Read(folder);
  }

  // Who cannot make it is told by whoever writes there, with its reason.
  void WriteFolder(const std::string& folder, mode_t mode) {
    if (folder.empty()) return;
    std::error_code error;
    fs::create_directories(fs::path(folder).parent_path(), error);
    static_cast<void>(mkdir(folder.c_str(), mode));
    rules_.push_back({folder, FileUse::kWrite});
  }

  void WriteFile(const std::string& file) {
    if (file.empty() || file == "-") return;
    const int made =
        open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0666);
    if (made >= 0) close(made);
    rules_.push_back({file, FileUse::kWrite});
  }

  // A spool that is beyond repair is set aside beside itself. Not where others write too.
  void WriteParent(const std::string& folder) {
    const std::string parent = fs::path(folder).parent_path().string();
    struct stat found {};
    if (stat(parent.c_str(), &found) != 0 || parent == "/") return;
    const bool ours = found.st_uid == geteuid() && (found.st_mode & (S_ISVTX | S_IWOTH)) == 0;
    if (ours) rules_.push_back({parent, FileUse::kWrite});
  }

  std::vector<FileRule> Take() { return std::move(rules_); }

 private:
  std::vector<FileRule> rules_;
};

void AddSinks(const ExportConfig& sinks, Rules& rules) {
  if (sinks.to_files()) rules.WriteFolder(sinks.files.folder, 0750);
  if (!sinks.to_kafka()) return;
  if (!sinks.spool.folder.empty()) {
    rules.WriteFolder(sinks.spool.folder, 0700);
    rules.WriteParent(sinks.spool.folder);
  }
  for (const std::string* file :
       {&sinks.kafka.ca_file, &sinks.kafka.certificate_file, &sinks.kafka.key_file}) {
    rules.ReadWithNeighbours(*file);
  }
  rules.ReadSecret(sinks.kafka.password_file);
  rules.ReadSecret(sinks.kafka.key_password_file);
}

}  // namespace

std::vector<FileRule> FileRulesOf(const SensorConfig& config, const FilesInUse& files) {
  Rules rules;
  for (const char* const place : kSystem) rules.Read(place);
  rules.ReadWithNeighbours(files.config_file);
  if (!config.patterns_file.empty()) {
    const fs::path folder = fs::path(files.config_file).parent_path();
    rules.ReadWithNeighbours((folder / config.patterns_file).string());
  }
  AddSinks(config.sinks, rules);
  for (const std::string& folder : files.folders) rules.WriteFolder(folder, 0750);
  for (const std::string& file : files.written) rules.WriteFile(file);
  // Files by which DPDK's environment is known to others are taken away at the end.
  if (UsesDpdk(config.capture)) rules.WriteFolder("/var/run/dpdk", 0700);
  return rules.Take();
}

}  // namespace vedette
