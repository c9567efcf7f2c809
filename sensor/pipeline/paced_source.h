// A source at the pace of its own time stamps: for trying a running system with a capture. Sleeps
// between bursts; polled by one thread.
#ifndef VEDETTE_SENSOR_PIPELINE_PACED_SOURCE_H_
#define VEDETTE_SENSOR_PIPELINE_PACED_SOURCE_H_

#include <chrono>

#include "dataplane/capture/packet_source.h"

namespace vedette {

class PacedSource final : public PacketSource {
 public:
  // `source` outlives this.
  explicit PacedSource(PacketSource& source) : source_(source) {}
  SourceState Receive(PacketBurst& burst) noexcept override;
  void Release(PacketBurst& burst) noexcept override { source_.Release(burst); }

 private:
  PacketSource& source_;
  bool started_ = false;
  uint64_t first_us_ = 0;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_PACED_SOURCE_H_
