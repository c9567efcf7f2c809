#include "sensor/export/file_export.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vedette {

absl::StatusOr<std::unique_ptr<EventFile>> EventFile::Open(const std::string& path) {
  if (path == "-") return std::make_unique<EventFile>(STDOUT_FILENO, "standard output", false);
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return absl::UnavailableError(
        absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
  }
  return std::make_unique<EventFile>(descriptor, path, true);
}

EventFile::~EventFile() {
  if (owned_ && descriptor_ >= 0) close(descriptor_);
}

void EventFile::EndLine() {
  buffer_.push_back('\n');
  ++lines_;
  if (buffer_.size() >= kBufferBytes) Flush();
}

void EventFile::Flush() {
  size_t done = 0;
  while (status_.ok() && done < buffer_.size()) {
    const ssize_t written = write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EINTR) {
      status_ = absl::UnavailableError(absl::StrCat(name_, ": ", std::strerror(errno)));
    }
  }
  if (!status_.ok()) lost_ += lines_;
  buffer_.clear();
  lines_ = 0;
}

absl::Status EventFile::Finish() {
  Flush();
  if (owned_ && descriptor_ >= 0 && close(std::exchange(descriptor_, -1)) != 0 && status_.ok()) {
    status_ = absl::UnavailableError(absl::StrCat(name_, ": ", std::strerror(errno)));
  }
  if (status_.ok()) return status_;
  return absl::UnavailableError(
      absl::StrCat(status_.message(), "; up to ", lost_, " events were not written"));
}

absl::StatusOr<std::unique_ptr<EventFiles>> EventFiles::Open(const EventPaths& paths) {
  auto files = std::make_unique<EventFiles>();
  std::map<std::string, std::shared_ptr<EventFile>> open;
  std::vector<std::string> faults;
  const std::pair<const std::string&, std::shared_ptr<EventFile>&> wanted[] = {
      {paths.alerts, files->alerts_},
      {paths.devices, files->devices_},
      {paths.flows, files->flows_},
      {paths.health, files->health_}};
  for (const auto& [path, place] : wanted) {
    if (path.empty()) continue;
    if (!open.contains(path)) {
      absl::StatusOr<std::unique_ptr<EventFile>> file = EventFile::Open(path);
      if (!file.ok()) {
        faults.emplace_back(file.status().message());
        continue;
      }
      open[path] = *std::move(file);
    }
    place = open[path];
  }
  if (!faults.empty()) return absl::UnavailableError(absl::StrJoin(faults, "\n"));
  return files;
}

absl::Status EventFiles::Finish() {
  std::vector<std::string> faults;
  std::vector<EventFile*> done;
  for (const auto& file : {alerts_, devices_, flows_, health_}) {
    if (file == nullptr || std::find(done.begin(), done.end(), file.get()) != done.end()) continue;
    done.push_back(file.get());
    const absl::Status status = file->Finish();
    if (!status.ok()) faults.emplace_back(status.message());
  }
  if (faults.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrJoin(faults, "\n"));
}

}  // namespace vedette
