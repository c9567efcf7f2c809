#include "sensor/service/file_rules.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "sensor/local/listening_place.h"
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

  void Write(const std::string& folder) { rules_.push_back({folder, FileUse::kWrite}); }

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

bool NamesFiles(const FilesInUse& files) {
  return std::any_of(files.written.begin(), files.written.end(),
                     [](const std::string& file) { return !file.empty(); });
}

struct Folder {
  std::string path;
  mode_t mode;
};

// The socket's own mode says who may ask. Empty: the root folder would be everything.
std::string SocketFolderOf(const LocalConfig& local) {
  const fs::path folder = fs::path(SocketPathOf(local.socket)).parent_path();
  return folder == folder.root_path() ? "" : folder.string();
}

std::vector<Folder> FoldersOf(const SensorConfig& config, const FilesInUse& files) {
  std::vector<Folder> folders;
  const auto add = [&folders](const std::string& path, mode_t mode) {
    if (!path.empty()) folders.push_back({path, mode});
  };
  const ExportConfig& sinks = config.sinks;
  if (sinks.to_files()) add(sinks.files.folder, 0750);
  if (sinks.to_kafka()) add(sinks.spool.folder, 0700);
  add(config.alert_pcaps.folder, 0700);
  if (KeepsState(config.state, NamesFiles(files))) add(config.state.folder, 0700);
  for (const std::string& folder : files.folders) add(folder, 0750);
  if (config.local.unix()) add(SocketFolderOf(config.local), 0755);
  // Files by which DPDK's environment is known to others are taken away at the end.
  if (UsesDpdk(config.capture)) add("/var/run/dpdk", 0700);
  return folders;
}

// Those that a service manager has made, and where it would have made them.
void AddServiceFolders(Rules& rules) {
  for (const char* const name : {"RUNTIME_DIRECTORY", "STATE_DIRECTORY", "LOGS_DIRECTORY"}) {
    const char* const folders = std::getenv(name);
    if (folders == nullptr) continue;
    for (const absl::string_view folder : absl::StrSplit(folders, ':', absl::SkipEmpty())) {
      rules.Write(std::string(folder));
    }
  }
  for (const char* const folder : {"/run/vedette", "/var/lib/vedette"}) rules.Write(folder);
}

void AddKafka(const SensorConfig& config, Rules& rules) {
  const ExportConfig& sinks = config.sinks;
  if (sinks.to_kafka() && !sinks.spool.folder.empty()) rules.WriteParent(sinks.spool.folder);
  if (!sinks.to_kafka() && config.model_brokers().brokers.empty()) return;
  for (const std::string* file :
       {&sinks.kafka.ca_file, &sinks.kafka.certificate_file, &sinks.kafka.key_file}) {
    rules.ReadWithNeighbours(*file);
  }
  rules.ReadSecret(sinks.kafka.password_file);
  rules.ReadSecret(sinks.kafka.key_password_file);
}

// Names in a configuration are relative to its folder.
void AddConfiguration(const SensorConfig& config, const std::string& file, Rules& rules) {
  rules.ReadWithNeighbours(file);
  const fs::path folder = fs::path(file).parent_path();
  if (!config.patterns_file.empty()) {
    rules.ReadWithNeighbours((folder / config.patterns_file).string());
  }
  for (const std::string& policy : config.policy.files) {
    rules.ReadWithNeighbours((folder / policy).string());
  }
  rules.ReadSecret(config.evidence_key_file);
  rules.ReadSecret(config.local.token_file);
}

}  // namespace

void MakeFolders(const SensorConfig& config, const FilesInUse& files, UserIds owner) {
  for (const Folder& folder : FoldersOf(config, files)) {
    std::error_code error;
    fs::create_directories(fs::path(folder.path).parent_path(), error);
    // One that was there stays whose it is.
    if (mkdir(folder.path.c_str(), folder.mode) != 0) continue;
    // Nothing that somebody has put in its place meanwhile.
    const int made = open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (made < 0) continue;
    if (fchown(made, owner.user, owner.group) != 0) rmdir(folder.path.c_str());
    close(made);
  }
}

std::vector<FileRule> FileRulesOf(const SensorConfig& config, const FilesInUse& files) {
  MakeFolders(config, files, {geteuid(), getegid()});
  Rules rules;
  for (const char* const place : kSystem) rules.Read(place);
  AddConfiguration(config, files.config_file, rules);
  AddKafka(config, rules);
  AddServiceFolders(rules);
  for (const Folder& folder : FoldersOf(config, files)) rules.Write(folder.path);
  for (const std::string& file : files.written) rules.WriteFile(file);
  return rules.Take();
}

}  // namespace vedette
