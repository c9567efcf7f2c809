// Looks after a running sensor from beside: signals, and what happens to the interfaces, told in
// the log. A thread of its own, which never waits for the packets or the control.
#ifndef VEDETTE_SENSOR_PIPELINE_LIVE_WATCH_H_
#define VEDETTE_SENSOR_PIPELINE_LIVE_WATCH_H_

#include <atomic>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "sensor/pipeline/live_sources.h"

namespace vedette {

// What signals lead to, on the watch's thread.
struct WatchCalls {
  std::function<void()> reload;    // SIGHUP: once for all that came meanwhile
  std::function<void()> stopping;  // SIGTERM or SIGINT, before the sources are stopped
};

// SIGTERM, SIGINT and SIGHUP wait for the watch from here on, in this thread and those it starts.
void BlockSignals();

class LiveWatch {
 public:
  // `live` outlives this. Starts to watch; SIGTERM and SIGINT stop the sources.
  LiveWatch(LiveSources& live, WatchCalls calls);
  ~LiveWatch();

  // Any thread: what ended the run, for people.
  std::string reason() const;

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
  WatchCalls calls_;
  sigset_t signals_;
  std::atomic<int> stopped_by_{0};  // a signal
  std::map<std::string, Port> ports_;
  uint64_t lost_told_ = 0;
  uint64_t lost_told_at_us_ = 0;
  std::jthread thread_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_LIVE_WATCH_H_
