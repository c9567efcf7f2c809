// Which threads get on. Each counts its turns, with or without work; one whose count stands still
// is stuck. Pure: the caller says what time it is. One thread.
#ifndef VEDETTE_SENSOR_SERVICE_PROGRESS_WATCH_H_
#define VEDETTE_SENSOR_SERVICE_PROGRESS_WATCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace vedette {

struct ThreadTurns {
  std::string name;  // as the log names it: "worker 2", "control", "sink kafka"
  uint64_t turns = 0;
};

class ProgressWatch {
 public:
  // A thread may stand still for less than `patience`.
  explicit ProgressWatch(absl::Duration patience) : patience_(patience) {}

  // Names of those that are stuck. One that is seen for the first time, or anew after a reload, has
  // just got on.
  std::vector<std::string> Look(const std::vector<ThreadTurns>& threads, absl::Duration now);

 private:
  // When a whole machine stands still, its threads have had no turn either: time alone proves
  // nothing, but between so many looks of this thread the others had theirs.
  static constexpr int kLooksMin = 3;

  struct Seen {
    uint64_t turns = 0;
    absl::Duration moved_at;
    int looks = 0;  // since it moved
  };
  const absl::Duration patience_;
  std::map<std::string, Seen> seen_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_PROGRESS_WATCH_H_
