// A folder of small captures, one for each alert: files 0600 in a folder 0700, written whole or not
// at all, the oldest deleted when there are too many bytes. A thread of its own writes, so that a
// slow disk holds nobody up; what there is no room for is counted. Put and Stop are one thread's.
#ifndef VEDETTE_SENSOR_PIPELINE_PCAP_FOLDER_H_
#define VEDETTE_SENSOR_PIPELINE_PCAP_FOLDER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vedette {

struct PcapFolderCounts {
  uint64_t written = 0, deleted = 0;
  uint64_t refused = 0;  // the disk is slower than alerts come
  uint64_t failed = 0;
};

class PcapFolder {
 public:
  // Makes the folder where it is not there. `tell`: of the first failure, on the writing thread.
  static absl::StatusOr<std::unique_ptr<PcapFolder>> Open(
      const std::string& path, uint64_t bytes_max, bool wait_for_room,
      std::function<void(const std::string&)> tell);
  ~PcapFolder();

  // `name` without folder and ending.
  void Put(std::string name, std::string contents);
  // Returns when all is written.
  void Stop();
  PcapFolderCounts counts();

 private:
  struct File {
    std::string name;
    uint64_t bytes = 0;
  };
  static constexpr size_t kWaitingMax = 64;

  PcapFolder(std::string path, uint64_t bytes_max, bool wait_for_room,
             std::function<void(const std::string&)> tell);
  void FindFiles();
  void Write();
  void MakeRoom(uint64_t bytes);
  absl::Status WriteFile(const std::string& name, const std::string& contents) const;

  const std::string path_;
  const uint64_t bytes_max_;
  const bool wait_for_room_;
  const std::function<void(const std::string&)> tell_;
  std::deque<File> files_;  // the oldest first; the writing thread's
  uint64_t bytes_ = 0;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<std::pair<std::string, std::string>> waiting_;
  bool stopping_ = false;
  PcapFolderCounts counts_;
  std::thread thread_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_PCAP_FOLDER_H_
