// What may change under a worker while it runs, made elsewhere and immutable in what is shared: a
// worker takes the newest at a second mark, by its address. Whoever offered it frees it when every
// worker has taken a newer one.
#ifndef VEDETTE_DATAPLANE_WORKER_WORKER_SETTINGS_H_
#define VEDETTE_DATAPLANE_WORKER_WORKER_SETTINGS_H_

#include <array>
#include <cstdint>
#include <memory>

#include "dataplane/inspect/pattern_tools.h"
#include "dataplane/track/home_networks.h"
#include "dataplane/worker/shard_window.h"

namespace vedette {

struct WorkerSettings {
  uint64_t number = 0;  // from 1, each newer one's is higher
  HomeNetworks home;
  std::array<std::unique_ptr<PatternTools>, kShards> patterns;  // each for one shard alone
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_WORKER_SETTINGS_H_
