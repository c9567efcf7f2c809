// SIGHUP: reads the configuration again, checks all of it, makes what is new, and offers it to the
// engine, which swaps at a tick. A bad one changes nothing. The watch's thread, but for figures().
#ifndef VEDETTE_SENSOR_PIPELINE_RELOADER_H_
#define VEDETTE_SENSOR_PIPELINE_RELOADER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sensor/config/sensor_config.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/run_request.h"

namespace vedette {

struct ReloadFigures {
  uint64_t applied = 0, refused = 0;
  int32_t generation = 0;  // of the newest that was applied
};

// A key that differs from what runs.
struct ChangedSetting {
  std::string path, before, after;
  bool at_once = false;  // else with the next start
};
std::vector<ChangedSetting> ChangesOf(const std::vector<SettingDeclaration>& before,
                                      const std::vector<SettingDeclaration>& after);

// Patterns in the order in which a running sensor may use them: each keeps its place, so that what
// was seen with the old ones is still called by its name; one that is gone is switched off.
std::vector<PatternDefinition> ArrangedPatterns(const std::vector<PatternDefinition>& running,
                                                const std::vector<PatternDefinition>& wanted);

class Reloader {
 public:
  // `request` and `engine` outlive this.
  Reloader(const SensorConfig& running, const RunRequest& request, Engine& engine);

  // Called with each configuration that was applied, on the watch's thread.
  void set_applied(std::function<void(const SensorConfig& config)> applied) {
    applied_call_ = std::move(applied);
  }
  // Says in the log what came of it.
  void Reload();
  // Any thread.
  ReloadFigures figures() const;

 private:
  absl::Status Apply();
  absl::Status Offer(const SensorConfig& wanted);

  const RunRequest& request_;
  Engine& engine_;
  std::vector<Prefix> home_;
  std::vector<PatternDefinition> patterns_;
  std::shared_ptr<const PatternDatabase> database_;  // null: the one of the start
  std::vector<SettingDeclaration> declarations_;
  std::function<void(const SensorConfig& config)> applied_call_;  // may be empty
  std::atomic<uint64_t> applied_{0}, refused_{0};
  std::atomic<int32_t> generation_{0};
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_RELOADER_H_
