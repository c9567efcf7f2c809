// Whether a sensor lives and whether it does its work, judged from its last picture. Pure.
#ifndef VEDETTE_SENSOR_LOCAL_SENSOR_STATE_H_
#define VEDETTE_SENSOR_LOCAL_SENSOR_STATE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "sensor/local/snapshot.h"

namespace vedette {

// Longer without a tick than any interval's work may take.
inline constexpr absl::Duration kTickAgeMax = absl::Seconds(15);
// A mirror port without one packet for so long is a mirror port that is not set up.
inline constexpr absl::Duration kSilenceMax = absl::Seconds(60);

struct Reason {
  std::string name;     // for programs: no_interface
  std::string message;  // for people: what was found, what to do
};

struct SensorState {
  bool live = false;
  bool ready = false;  // live, and there is no reason why not
  std::vector<Reason> reasons;
};

// `snapshot` may be null: nothing was told yet.
SensorState StateOf(const Snapshot* snapshot, absl::Time now);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_SENSOR_STATE_H_
