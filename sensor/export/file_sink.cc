#include "sensor/export/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sensor/export/compress_file.h"

namespace vedette {
namespace {

namespace fs = std::filesystem;

constexpr char kSuffix[] = ".ndjson";
constexpr char kCompressed[] = ".zst";
constexpr char kPart[] = ".part";

// A line that a crash has cut in half is taken off.
off_t CutHalfLine(int descriptor) {
  off_t end = lseek(descriptor, 0, SEEK_END);
  char bytes[4096];
  while (end > 0) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(sizeof(bytes)));
    const ssize_t got = pread(descriptor, bytes, static_cast<size_t>(end - begin), begin);
    if (got <= 0) return end;
    for (ssize_t i = got; i > 0; --i) {
      if (bytes[i - 1] != '\n') continue;
      end = begin + i;
      static_cast<void>(!ftruncate(descriptor, end));
      return end;
    }
    end = begin;
  }
  static_cast<void>(!ftruncate(descriptor, 0));
  return 0;
}

bool IsCut(const std::string& name) {  // alerts-20260131T120000Z-1.ndjson, .zst or not
  return absl::StrContains(name, "Z-") &&
         (absl::EndsWith(name, kSuffix) ||
          absl::EndsWith(name, absl::StrCat(kSuffix, kCompressed)));
}

}  // namespace

FileSink::FileSink(const FilesConfig& config, Sink& sink, MessageLog& log)
    : config_(config),
      accounts_(sink.accounts()),
      gauges_(sink.gauges()),
      log_(log),
      now_(absl::Now()) {}

absl::StatusOr<std::unique_ptr<FileSink>> FileSink::Create(const FilesConfig& config, Sink& sink,
                                                           MessageLog& log) {
  std::unique_ptr<FileSink> made(new FileSink(config, sink, log));
  std::error_code error;
  fs::create_directories(fs::path(config.folder).parent_path(), error);
  if (mkdir(config.folder.c_str(), 0750) != 0 && errno != EEXIST) {
    return absl::UnavailableError(absl::StrCat("export.files.folder: ", config.folder,
                                               ": cannot be made: ", std::strerror(errno)));
  }
  if (access(config.folder.c_str(), W_OK | X_OK) != 0) {
    return absl::UnavailableError(absl::StrCat("export.files.folder: ", config.folder,
                                               ": cannot be written: ", std::strerror(errno)));
  }
  made->ClearUp();
  return made;
}

FileSink::~FileSink() {
  for (const Stream& stream : streams_) {
    if (stream.descriptor >= 0) close(stream.descriptor);
  }
}

std::string FileSink::PathOf(size_t topic) const {
  return absl::StrCat(config_.folder, "/", kTopicStems[topic], kSuffix);
}

void FileSink::ClearUp() {
  std::error_code error;
  std::vector<std::string> uncompressed;
  for (const fs::directory_entry& entry : fs::directory_iterator(config_.folder, error)) {
    const std::string name = entry.path().filename().string();
    if (absl::EndsWith(name, kPart)) {
      fs::remove(entry.path(), error);
    } else if (IsCut(name) && absl::EndsWith(name, kSuffix)) {
      uncompressed.push_back(entry.path().string());
    }
  }
  for (const std::string& path : uncompressed) Compress(path);
}

absl::Status FileSink::OpenStream(size_t topic) {
  Stream& stream = streams_[topic];
  const std::string path = PathOf(topic);
  stream.descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (stream.descriptor < 0) {
    return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  stream.bytes = static_cast<uint64_t>(CutHalfLine(stream.descriptor));
  stream.opened = now_;
  return absl::OkStatus();
}

void FileSink::Write(std::vector<EventPointer> events) {
  now_ = absl::Now();
  for (EventPointer& event : events) {
    Stream& stream = streams_[Index(event->topic)];
    absl::StrAppend(&stream.buffer, event->json, "\n");
    stream.events.push_back(std::move(event));
  }
  for (size_t topic = 0; topic < kTopicCount; ++topic) {
    if (!streams_[topic].events.empty()) Flush(topic);
  }
}

void FileSink::Flush(size_t topic) {
  Stream& stream = streams_[topic];
  size_t done = 0;
  int failure = 0;
  if (stream.descriptor < 0 && !OpenStream(topic).ok()) failure = errno;
  while (failure == 0 && done < stream.buffer.size()) {
    const ssize_t written =
        write(stream.descriptor, stream.buffer.data() + done, stream.buffer.size() - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EINTR) {
      failure = errno;
    }
  }
  if (failure != 0) {
    log_.Say("files", absl::StrCat(PathOf(topic), ": events are lost: ", std::strerror(failure)));
    const size_t end = done == 0 ? 0 : stream.buffer.rfind('\n', done - 1) + 1;  // npos + 1 is 0
    if (done > end) CutHalfLine(stream.descriptor);
    done = end;
  }
  stream.bytes += done;
  const auto whole = static_cast<size_t>(std::count(
      stream.buffer.begin(), stream.buffer.begin() + static_cast<ptrdiff_t>(done), '\n'));
  CountWritten(topic, whole,
               failure == ENOSPC || failure == EDQUOT || failure == EFBIG
                   ? DropReason::kDiskFull
                   : DropReason::kDiskFailed);
  if (stream.bytes >= config_.rotate_bytes) Rotate(topic);
}

void FileSink::CountWritten(size_t topic, size_t whole, DropReason reason) {
  Stream& stream = streams_[topic];
  const int64_t now_ms = absl::ToUnixMillis(absl::Now());
  for (size_t i = 0; i < stream.events.size(); ++i) {
    const ExportEvent& event = *stream.events[i];
    if (i >= whole) {
      accounts_.Dropped(event.topic, reason);
      continue;
    }
    gauges_.from_made.Add(now_ms - event.made_ms);
    gauges_.from_packets.Add(now_ms - event.event_time_ms);
    accounts_.Delivered(event.topic);
  }
  stream.events.clear();
  stream.buffer.clear();
}

void FileSink::Turn() {
  now_ = absl::Now();
  for (size_t topic = 0; topic < kTopicCount; ++topic) {
    const Stream& stream = streams_[topic];
    if (stream.descriptor >= 0 && stream.bytes != 0 &&
        now_ - stream.opened >= absl::Seconds(config_.rotate_s)) {
      Rotate(topic);
    }
  }
}

void FileSink::Rotate(size_t topic) {
  Stream& stream = streams_[topic];
  close(std::exchange(stream.descriptor, -1));
  stream.bytes = 0;
  const std::string path =
      absl::StrCat(config_.folder, "/", kTopicStems[topic], "-",
                   absl::FormatTime("%Y%m%dT%H%M%SZ", now_, absl::UTCTimeZone()), "-", getpid(),
                   "-", ++cuts_, kSuffix);
  if (std::rename(PathOf(topic).c_str(), path.c_str()) != 0) {
    log_.Say("files", absl::StrCat(path, ": ", std::strerror(errno)));
    return;
  }
  Compress(path);
  DeleteOldest();
}

// What cannot be compressed stays as it is.
void FileSink::Compress(const std::string& path) {
  if (!config_.compress) return;
  const std::string part = absl::StrCat(path, kCompressed, kPart);
  const absl::Status compressed = CompressFile(path, part, 0640);
  if (compressed.ok() && std::rename(part.c_str(), absl::StrCat(path, kCompressed).c_str()) == 0) {
    unlink(path.c_str());
    return;
  }
  unlink(part.c_str());
  log_.Say("files", absl::StrCat(path, ": stays uncompressed: ", compressed.message()));
}

void FileSink::DeleteOldest() {
  struct Cut {
    fs::file_time_type time;
    uint64_t bytes;
    fs::path path;
  };
  std::vector<Cut> cuts;
  uint64_t sum = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(config_.folder, error)) {
    if (!IsCut(entry.path().filename().string())) continue;
    cuts.push_back({entry.last_write_time(error), entry.file_size(error), entry.path()});
    sum += cuts.back().bytes;
  }
  std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) {
    return std::pair(a.time, a.path) < std::pair(b.time, b.path);
  });
  for (const Cut& cut : cuts) {
    if (sum <= config_.keep_bytes_max) return;
    if (fs::remove(cut.path, error)) sum -= cut.bytes;
  }
}

absl::Status FileSink::Finish(const StopLimits& /*limits*/) {
  for (Stream& stream : streams_) {
    if (stream.descriptor >= 0) close(std::exchange(stream.descriptor, -1));
  }
  return absl::OkStatus();
}

}  // namespace vedette
