// Events as newline-delimited JSON, one file or standard output a topic. Written through a buffer;
// the first failure of a file (a full disk) ends it, later events are counted as lost, and Finish
// says so. Control thread.
#ifndef VEDETTE_SENSOR_EXPORT_FILE_EXPORT_H_
#define VEDETTE_SENSOR_EXPORT_FILE_EXPORT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sensor/event/events.h"

namespace vedette {

// "" none, "-" standard output.
struct EventPaths {
  std::string alerts, devices, flows, health;
};

class EventFile {
 public:
  static absl::StatusOr<std::unique_ptr<EventFile>> Open(const std::string& path);
  EventFile(int descriptor, std::string name, bool owned)
      : descriptor_(descriptor), name_(std::move(name)), owned_(owned) {}
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  template <typename Event>
  void Write(const Event& event) {
    AppendJson(event, buffer_);
    EndLine();
  }
  absl::Status Finish();

 private:
  static constexpr size_t kBufferBytes = 1 << 18;
  void EndLine();
  void Flush();

  int descriptor_;
  std::string name_;
  bool owned_;
  std::string buffer_;
  uint64_t lines_ = 0;  // in the buffer
  uint64_t lost_ = 0;
  absl::Status status_;
};

class EventFiles {
 public:
  // All that cannot be opened in one status. Nothing is written before all are open.
  static absl::StatusOr<std::unique_ptr<EventFiles>> Open(const EventPaths& paths);

  void Write(const AlertEvent& event) { WriteTo(alerts_, event); }
  void Write(const DeviceEvent& event) { WriteTo(devices_, event); }
  void Write(const FlowEvent& event) { WriteTo(flows_, event); }
  void Write(const HealthEvent& event) { WriteTo(health_, event); }
  // All that failed, with how many events were lost.
  absl::Status Finish();

 private:
  template <typename Event>
  static void WriteTo(const std::shared_ptr<EventFile>& file, const Event& event) {
    if (file != nullptr) file->Write(event);
  }
  // Topics may share a file: they are told apart by `type`.
  std::shared_ptr<EventFile> alerts_, devices_, flows_, health_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_FILE_EXPORT_H_
