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

absl::StatusOr<std::unique_ptr<EventFile>> EventFile::Open(const std::string& path,
                                                           WriteFrom from) {
  if (path == "-") return std::make_unique<EventFile>(STDOUT_FILENO, "standard output", false);
  const int how = from == WriteFrom::kEmpty ? O_TRUNC : O_APPEND;
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0644);
  if (descriptor < 0) {
    return absl::UnavailableError(
        absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
  }
  return std::make_unique<EventFile>(descriptor, path, true);
}

EventFile::~EventFile() {
  if (owned_ && descriptor_ >= 0) close(descriptor_);
}

void EventFile::EndLine(Topic topic) {
  buffer_.push_back('\n');
  lines_.push_back(topic);
  EventCounts& counts = counts_[static_cast<size_t>(topic)];
  ++counts.made;
  ++counts.spooled;
  if (buffer_.size() >= kBufferBytes) Flush();
}

size_t EventFile::WriteBuffer() {
  size_t done = 0;
  while (status_.ok() && done < buffer_.size()) {
    const ssize_t written = write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EINTR) {
      status_ = absl::UnavailableError(absl::StrCat(name_, ": ", std::strerror(errno)));
    }
  }
  return done;
}

void EventFile::Flush() {
  const size_t done = WriteBuffer();
  const auto whole = static_cast<size_t>(
      std::count(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(done), '\n'));
  for (size_t i = 0; i < lines_.size(); ++i) {
    EventCounts& counts = counts_[static_cast<size_t>(lines_[i])];
    --counts.spooled;
    ++(i < whole ? counts.delivered : counts.dropped);
  }
  if (done != 0 && done < buffer_.size()) {
    CutHalfLine(done - (buffer_.rfind('\n', done - 1) + 1));  // npos + 1 is 0
  }
  buffer_.clear();
  lines_.clear();
}

// A pipe cannot be cut: its reader sees a line without an end.
void EventFile::CutHalfLine(size_t bytes) const {
  const off_t end = lseek(descriptor_, 0, SEEK_CUR);
  if (end >= static_cast<off_t>(bytes) && owned_) {
    static_cast<void>(!ftruncate(descriptor_, end - static_cast<off_t>(bytes)));
  }
}

absl::Status EventFile::Finish() {
  Flush();
  if (owned_ && descriptor_ >= 0 && close(std::exchange(descriptor_, -1)) != 0 && status_.ok()) {
    status_ = absl::UnavailableError(absl::StrCat(name_, ": ", std::strerror(errno)));
  }
  if (status_.ok()) return status_;
  int64_t lost = 0;
  for (const EventCounts& counts : counts_) lost += counts.dropped;
  return absl::UnavailableError(
      absl::StrCat(status_.message(), "; ", lost, " events were not written"));
}

absl::StatusOr<std::unique_ptr<EventFiles>> EventFiles::Open(const EventPaths& paths,
                                                             WriteFrom from) {
  auto files = std::make_unique<EventFiles>();
  std::map<std::string, std::shared_ptr<EventFile>> open;
  std::vector<std::string> faults;
  const std::string* const wanted[kTopicCount] = {&paths.alerts, &paths.devices, &paths.flows,
                                                  &paths.health};
  for (size_t topic = 0; topic < kTopicCount; ++topic) {
    const std::string& path = *wanted[topic];
    if (path.empty()) continue;
    if (!open.contains(path)) {
      absl::StatusOr<std::unique_ptr<EventFile>> file = EventFile::Open(path, from);
      if (!file.ok()) {
        faults.emplace_back(file.status().message());
        continue;
      }
      open[path] = *std::move(file);
    }
    files->files_[topic] = open[path];
  }
  if (!faults.empty()) return absl::UnavailableError(absl::StrJoin(faults, "\n"));
  return files;
}

void EventFiles::Write(const HealthEvent& event) {
  if (FileOf(Topic::kHealth) == nullptr) return;
  HealthEvent told = event;
  // Accounts are those of one sink: its own where the event has none yet.
  const bool own = event.events.empty();
  for (size_t topic = 0; topic < kTopicCount; ++topic) {
    const auto& file = files_[topic];
    if (file == nullptr) continue;
    const EventCounts& counts = file->counts(static_cast<Topic>(topic));
    if (own) told.events[std::string(kTopicNames[topic])] = counts;
    if (counts.dropped != 0) told.dropped_events_by_reason["file"] += counts.dropped;
  }
  WriteTo(Topic::kHealth, told);
}

void EventFiles::Flush() {
  for (const auto& file : files_) {
    if (file != nullptr) file->Flush();
  }
}

absl::Status EventFiles::Finish() {
  std::vector<std::string> faults;
  std::vector<EventFile*> done;
  for (const auto& file : files_) {
    if (file == nullptr || std::find(done.begin(), done.end(), file.get()) != done.end()) continue;
    done.push_back(file.get());
    const absl::Status status = file->Finish();
    if (!status.ok()) faults.emplace_back(status.message());
  }
  if (faults.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrJoin(faults, "\n"));
}

}  // namespace vedette
