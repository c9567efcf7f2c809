// Tells the service manager that the sensor is alive while every one of its threads gets on, and
// what it does. A thread of its own; it only reads what the others count.
#ifndef VEDETTE_SENSOR_SERVICE_SERVICE_WATCH_H_
#define VEDETTE_SENSOR_SERVICE_SERVICE_WATCH_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "sensor/service/progress_watch.h"
#include "sensor/service/service_manager.h"

namespace vedette {

class ServiceWatch {
 public:
  struct Asked {
    std::function<std::vector<ThreadTurns>()> turns;
    std::function<std::string()> status;  // one line for people
  };

  // `asked` is called from the watch's thread until this is gone.
  explicit ServiceWatch(Asked asked);
  ~ServiceWatch() = default;

  // From now on threads end as they should: for so long nobody is stuck. Any thread.
  void LetStop(absl::Duration within);

 private:
  void Watch(const std::stop_token& ended);
  void Look(absl::Duration now);
  void Tell(const std::vector<std::string>& stuck);

  const Asked asked_;
  const ServiceManager manager_{};
  const absl::Duration look_every_;
  ProgressWatch progress_;
  std::atomic<int64_t> stopped_by_ns_ = 0;  // 0: it runs
  std::vector<std::string> told_;           // stuck, as the log has it
  std::jthread thread_;                     // last: ends before what it uses
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_SERVICE_WATCH_H_
