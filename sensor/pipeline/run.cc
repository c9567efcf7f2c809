#include "sensor/pipeline/run.h"

#include "sensor/pipeline/live_watch.h"
#include "sensor/pipeline/service.h"
#include "sensor/pipeline/service_log.h"
#include "sensor/pipeline/standard_streams.h"

namespace vedette {

int RunLive(const SensorConfig& config, const RunRequest& request) {
  PrepareStreams();
  SetUpLog();
  BlockSignals();
  Service service(config, request);
  return static_cast<int>(service.Run());
}

}  // namespace vedette
