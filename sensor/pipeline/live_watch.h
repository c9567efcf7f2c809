// Looks after a running sensor from beside: signals, and what happens to the interfaces, told in
// the log. A thread of its own, which never waits for the packets or the control.
#ifndef VEDETTE_SENSOR_PIPELINE_LIVE_WATCH_H_
#define VEDETTE_SENSOR_PIPELINE_LIVE_WATCH_H_

#include <csignal>
#include <cstdint>
#include <map>
#include <string>
#include <thread>

#include "sensor/pipeline/live_sources.h"

namespace vedette {

// SIGTERM, SIGINT and SIGHUP wait for the watch from here on, in this thread and those it starts.
void BlockSignals();

class LiveWatch {
 public:
  // `live` outlives this. Starts to watch; SIGTERM and SIGINT stop the sources.
  explicit LiveWatch(LiveSources& live);
  ~LiveWatch();

 private:
  struct Port {
    InterfaceState state;
    bool known = false;
  };
  void Watch(const std::stop_token& ended);
  void OnSignal(int signal);
  void TellStates();
  void TellLosses(uint64_t lost);

  LiveSources& live_;
  sigset_t signals_;
  bool stopping_ = false;
  std::map<std::string, Port> ports_;
  uint64_t lost_told_ = 0;
  uint64_t lost_told_at_us_ = 0;
  std::jthread thread_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_LIVE_WATCH_H_
