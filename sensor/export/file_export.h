// Events as newline-delimited JSON, one file or standard output a topic. Written through a buffer;
// the first failure of a file (a full disk) ends it: what was written stays whole lines, later
// events are counted as lost, and Finish says so. Control thread.
#ifndef VEDETTE_SENSOR_EXPORT_FILE_EXPORT_H_
#define VEDETTE_SENSOR_EXPORT_FILE_EXPORT_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sensor/event/events.h"
#include "sensor/export/topic.h"

namespace vedette {

// "" none, "-" standard output.
struct EventPaths {
  std::string alerts, devices, flows, health;
};

// Of a replay's files nothing of an earlier one may be left; a service goes on where it was.
enum class WriteFrom : uint8_t { kEmpty, kEnd };

class EventFile {
 public:
  static absl::StatusOr<std::unique_ptr<EventFile>> Open(const std::string& path,
                                                         WriteFrom from = WriteFrom::kEmpty);
  EventFile(int descriptor, std::string name, bool owned)
      : descriptor_(descriptor), name_(std::move(name)), owned_(owned) {}
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  template <typename Event>
  void Write(Topic topic, const Event& event) {
    AppendJson(event, buffer_);
    EndLine(topic);
  }
  void Flush();
  absl::Status Finish();

  // Since it was opened; "spooled" are those still in the buffer.
  const EventCounts& counts(Topic topic) const { return counts_[static_cast<size_t>(topic)]; }

 private:
  static constexpr size_t kBufferBytes = 1 << 18;
  void EndLine(Topic topic);
  size_t WriteBuffer();  // bytes that were written
  void CutHalfLine(size_t bytes) const;

  int descriptor_;
  std::string name_;
  bool owned_;
  std::string buffer_;
  std::vector<Topic> lines_;  // in the buffer
  std::array<EventCounts, kTopicCount> counts_;
  absl::Status status_;
};

class EventFiles {
 public:
  // All that cannot be opened in one status. Nothing is written before all are open.
  static absl::StatusOr<std::unique_ptr<EventFiles>> Open(const EventPaths& paths,
                                                          WriteFrom from = WriteFrom::kEmpty);

  void Write(const AlertEvent& event) { WriteTo(Topic::kAlerts, event); }
  void Write(const DeviceEvent& event) { WriteTo(Topic::kDevices, event); }
  void Write(const FlowEvent& event) { WriteTo(Topic::kFlows, event); }
  // With what became of the events so far.
  void Write(const HealthEvent& event);
  void Flush();
  // All that failed, with how many events were lost.
  absl::Status Finish();

 private:
  const std::shared_ptr<EventFile>& FileOf(Topic topic) const {
    return files_[static_cast<size_t>(topic)];
  }
  template <typename Event>
  void WriteTo(Topic topic, const Event& event) {
    if (FileOf(topic) != nullptr) FileOf(topic)->Write(topic, event);
  }
  // By topic. Topics may share a file: they are told apart by `type`.
  std::array<std::shared_ptr<EventFile>, kTopicCount> files_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_FILE_EXPORT_H_
