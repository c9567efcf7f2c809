// The progress bar on standard error: a line that is drawn again at most ten times a second and
// leaves nothing behind. The text is a pure function; the display has a thread of its own, which
// asks counters that any thread may read and never waits for those who count.
#ifndef VEDETTE_SENSOR_REPORT_PROGRESS_H_
#define VEDETTE_SENSOR_REPORT_PROGRESS_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "sensor/report/terminal_text.h"

namespace vedette {

struct ProgressCounts {
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;  // 0: unknown, as of a pipe
  uint64_t packets = 0;
};

// One line, at most as wide as the terminal, without an end of line.
std::string ProgressText(const ProgressCounts& counts, double elapsed_s,
                         const TerminalStyle& style);

class ProgressDisplay {
 public:
  // Draws to `descriptor` until destroyed. `counts` may be called on another thread.
  ProgressDisplay(int descriptor, std::function<ProgressCounts()> counts);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

 private:
  void Run();

  int descriptor_;
  std::function<ProgressCounts()> counts_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;  // last: it uses all above
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_PROGRESS_H_
