// Workers, their hand-overs and the control, put together for a source that ends. Made at set-up;
// Run returns when everything the source gave has been judged and told.
#ifndef VEDETTE_SENSOR_PIPELINE_ENGINE_H_
#define VEDETTE_SENSOR_PIPELINE_ENGINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dataplane/capture/packet_source.h"
#include "dataplane/worker/fan_out.h"
#include "dataplane/worker/handover.h"
#include "dataplane/worker/shard.h"
#include "dataplane/worker/worker.h"
#include "sensor/config/sensor_config.h"
#include "sensor/pipeline/control.h"

namespace vedette {

// A replay must give the same result each time: its tables are keyed with a fixed secret.
inline constexpr std::array<uint64_t, 2> kReplaySecret = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b};

class Engine {
 public:
  using Observe = Detectors::Hot;

  // `sink` outlives the engine. Fails if the patterns do not compile.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const SensorConfig& config, size_t workers,
                                                        bool flow_records, EventSink& sink);

  // One worker polls the source itself; several are fed by a reader thread. The caller's thread
  // becomes the control thread.
  void Run(PacketSource& source);
  // A source for each worker, which holds that worker's packets alone (by `hash`, as a NIC's queues
  // do), marks the seconds that all others mark, and ends when they do.
  void Run(std::span<PacketSource* const> sources);

  const KeyedHash& hash() const { return surroundings_.hash; }
  const MergeLosses& losses() const { return control_.losses(); }

 private:
  Engine(const SensorConfig& config, size_t workers, ShardSurroundings surroundings,
         EventSink& sink);
  void ControlLoop();
  // Takes what the workers hand over, up to the next mark of each. False: they have ended.
  bool CollectInterval(uint64_t& second);
  enum class Collected { kAll, kMark, kEnd };
  // Takes what one worker has handed over by now, up to its next mark.
  Collected Collect(size_t worker, uint64_t& second);

  ShardSurroundings surroundings_;
  HandoverBell bell_;
  std::vector<std::unique_ptr<Handover<Observe>>> handovers_;
  std::vector<std::unique_ptr<Worker<Observe>>> workers_;
  std::unique_ptr<FanOut> fan_out_;
  std::array<Window<Observe>*, kShards> windows_{};
  Control control_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_ENGINE_H_
