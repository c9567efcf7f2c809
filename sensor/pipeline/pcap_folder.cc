#include "sensor/pipeline/pcap_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;

constexpr char kEnding[] = ".pcap";
constexpr char kUnfinished[] = ".pcap.part";

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat("alert_pcaps: ", path, ": ", what, ": ", std::strerror(errno)));
}

// Nothing else in the folder is ours to count or delete.
bool IsOurs(absl::string_view name, absl::string_view ending) {
  constexpr size_t kIdBytes = 32;
  return name.size() == kIdBytes + ending.size() && absl::EndsWith(name, ending) &&
         std::all_of(name.begin(), name.begin() + kIdBytes,
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<PcapFolder>> PcapFolder::Open(
    const std::string& path, uint64_t bytes_max, bool wait_for_room,
    std::function<void(const std::string&)> tell) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return Failed("cannot be made", path);
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) return Failed("cannot be written to", path);
  std::unique_ptr<PcapFolder> folder(
      new PcapFolder(path, bytes_max, wait_for_room, std::move(tell)));
  folder->FindFiles();
  folder->thread_ = std::thread([raw = folder.get()] { raw->Write(); });
  return folder;
}

PcapFolder::PcapFolder(std::string path, uint64_t bytes_max, bool wait_for_room,
                       std::function<void(const std::string&)> tell)
    : path_(std::move(path)),
      bytes_max_(bytes_max),
      wait_for_room_(wait_for_room),
      tell_(std::move(tell)) {}

PcapFolder::~PcapFolder() { Stop(); }

void PcapFolder::FindFiles() {
  std::vector<std::tuple<fs::file_time_type, std::string, uint64_t>> found;
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code gone;
    if (IsOurs(name, kUnfinished)) {
      fs::remove(at->path(), gone);  // of a sensor that was killed
      continue;
    }
    const uint64_t bytes = at->file_size(gone);
    if (!gone && IsOurs(name, kEnding)) found.emplace_back(at->last_write_time(gone), name, bytes);
  }
  std::sort(found.begin(), found.end());
  for (const auto& [time, name, bytes] : found) {
    files_.push_back({name, bytes});
    bytes_ += bytes;
  }
}

void PcapFolder::Put(std::string name, std::string contents) {
  std::unique_lock lock(mutex_);
  if (wait_for_room_) {
    changed_.wait(lock, [this] { return waiting_.size() < kWaitingMax; });
  } else if (waiting_.size() == kWaitingMax) {
    ++counts_.refused;
    return;
  }
  waiting_.emplace_back(std::move(name), std::move(contents));
  changed_.notify_all();
}

void PcapFolder::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

PcapFolderCounts PcapFolder::counts() {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void PcapFolder::Write() {
  for (;;) {
    std::pair<std::string, std::string> next;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
    }
    const size_t files_before = files_.size();
    MakeRoom(next.second.size());
    const size_t deleted = files_before - files_.size();
    const absl::Status written = WriteFile(next.first, next.second);
    if (written.ok()) {
      files_.push_back({next.first + kEnding, next.second.size()});
      bytes_ += next.second.size();
    }
    const std::lock_guard lock(mutex_);
    counts_.deleted += deleted;
    ++(written.ok() ? counts_.written : counts_.failed);
    if (!written.ok() && counts_.failed == 1 && tell_) tell_(std::string(written.message()));
  }
}

void PcapFolder::MakeRoom(uint64_t bytes) {
  while (!files_.empty() && bytes_ + bytes > bytes_max_) {
    std::error_code error;
    fs::remove(fs::path(path_) / files_.front().name, error);
    bytes_ -= std::min(bytes_, files_.front().bytes);
    files_.pop_front();
  }
}

absl::Status PcapFolder::WriteFile(const std::string& name, const std::string& contents) const {
  const std::string path = absl::StrCat(path_, "/", name, kEnding);
  const std::string unfinished = absl::StrCat(path_, "/", name, kUnfinished);
  const int descriptor =
      open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return Failed("cannot be made", unfinished);
  absl::Cleanup gone = [&unfinished] { unlink(unfinished.c_str()); };
  for (size_t at = 0; at < contents.size();) {
    const ssize_t done = write(descriptor, contents.data() + at, contents.size() - at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      const absl::Status failed = Failed("cannot be written", unfinished);
      close(descriptor);
      return failed;
    }
    at += static_cast<size_t>(done);
  }
  if (close(descriptor) != 0) return Failed("cannot be written", unfinished);
  if (rename(unfinished.c_str(), path.c_str()) != 0) return Failed("cannot be made", path);
  std::move(gone).Cancel();
  return absl::OkStatus();
}

}  // namespace vedette
