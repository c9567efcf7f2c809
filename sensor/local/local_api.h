// What is answered to a request that may be made: pages of JSON and of metrics from one picture.
// Pure: no sockets, no clocks. Called on the local interface's thread.
#ifndef VEDETTE_SENSOR_LOCAL_LOCAL_API_H_
#define VEDETTE_SENSOR_LOCAL_LOCAL_API_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sensor/local/metrics_page.h"
#include "sensor/local/snapshot.h"

namespace vedette {

inline constexpr size_t kListedMax = 16'384;

struct LocalAnswer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

// {"error":{"status":404,"message":"..."}}
LocalAnswer ErrorAnswer(int status, absl::string_view message);

struct LocalAsked {
  absl::string_view target;            // path and query, as it came
  const Snapshot* snapshot = nullptr;  // null: nothing was told yet
  RequestCounts requests;
  absl::Time now;  // SteadyNow
};

LocalAnswer AnswerOf(const LocalAsked& asked);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_LOCAL_API_H_
