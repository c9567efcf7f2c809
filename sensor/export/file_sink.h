// Events as newline-delimited JSON in a folder, a file a topic, cut by size and age, compressed
// when cut, the oldest deleted when the folder holds too much. Delivered means that the system has
// taken the line. A full disk drops what it does not take, whole lines, and is tried again with the
// next. Lives on its sink's thread.
#ifndef VEDETTE_SENSOR_EXPORT_FILE_SINK_H_
#define VEDETTE_SENSOR_EXPORT_FILE_SINK_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sensor/export/export_config.h"
#include "sensor/export/message_log.h"
#include "sensor/export/sink.h"

namespace vedette {

class FileSink final : public SinkWriter {
 public:
  // Makes the folder, 0750, its files 0640. What an earlier start left half done is cleared up.
  static absl::StatusOr<std::unique_ptr<FileSink>> Create(const FilesConfig& config, Sink& sink,
                                                          MessageLog& log);
  ~FileSink() override;

  size_t Room() const override { return kRoom; }
  void Write(std::vector<EventPointer> events) override;
  void Turn() override;
  absl::Status Finish(const StopLimits& limits) override;

 private:
  static constexpr size_t kRoom = 8'192;
  struct Stream {
    int descriptor = -1;
    uint64_t bytes = 0;
    absl::Time opened;
    std::string buffer;
    std::vector<EventPointer> events;  // in the buffer
  };

  FileSink(const FilesConfig& config, Sink& sink, MessageLog& log);
  std::string PathOf(size_t topic) const;
  absl::Status OpenStream(size_t topic);
  void Flush(size_t topic);
  void CountWritten(size_t topic, size_t whole, DropReason reason);
  void Rotate(size_t topic);
  void Compress(const std::string& path);
  void ClearUp();
  void DeleteOldest();

  const FilesConfig config_;
  ExportAccounts& accounts_;
  SinkGauges& gauges_;
  MessageLog& log_;
  absl::Time now_;
  std::array<Stream, kTopicCount> streams_;
  uint64_t cuts_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_FILE_SINK_H_
