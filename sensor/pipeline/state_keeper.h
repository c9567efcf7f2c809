// Keeps a running sensor's state on disk: takes a copy of its memory at a tick, writes it on a
// thread of its own, once more at the stop. A disk that fails costs nothing but the state: it is
// told, and tried again next time.
#ifndef VEDETTE_SENSOR_PIPELINE_STATE_KEEPER_H_
#define VEDETTE_SENSOR_PIPELINE_STATE_KEEPER_H_

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "sensor/pipeline/control.h"
#include "sensor/state/state_file.h"

namespace vedette {

// For the Prometheus page.
struct StateFigures {
  uint64_t written = 0, failed = 0;  // times
  uint64_t bytes = 0;                // of the newest
  uint64_t second = 0;               // of the source's time, likewise; 0: none was written
};

class StateKeeper final : public TickVisitor {
 public:
  struct Options {
    std::string sensor, site;
    int64_t boot_ms = 0;
    std::array<uint64_t, 2> secret{};
    uint32_t every_s = 300;
    uint64_t restored_second = 0;  // of the state the run began with; 0: none
  };
  StateKeeper(StateFile file, Options options);
  // Writes what was taken, no more.
  ~StateKeeper() override;

  // Control thread. Skipped while the one before is still being written.
  void OnTick(Control& control, uint64_t second) override;
  // After the control's OnEnd: the state in which the sensor stopped, on disk when it returns.
  absl::Status OnStop(const Control& control);
  uint64_t restored_second() const { return options_.restored_second; }
  // Any thread.
  StateFigures figures() const;

 private:
  struct Taken {
    StateHeader header;
    SensorMemory memory;
  };
  StateHeader HeaderOf(uint64_t second, bool at_stop) const;
  void Work(const std::stop_token& ended);
  absl::Status Write(Taken& taken);

  const StateFile file_;
  const Options options_;
  uint64_t taken_second_ = 0;  // 0: none yet; control thread
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Taken> taken_;  // for the thread
  bool writing_ = false;
  std::atomic<uint64_t> written_{0}, failed_{0}, bytes_{0}, second_{0};
  std::jthread thread_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_STATE_KEEPER_H_
