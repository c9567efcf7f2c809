// The newest model of each device: takes messages in any order, refuses what is damaged, not
// believed, or older than what was taken before, and counts why. One thread: the reader's, or the
// main thread in a replay.
#ifndef VEDETTE_SENSOR_MODELS_MODEL_CATALOGUE_H_
#define VEDETTE_SENSOR_MODELS_MODEL_CATALOGUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "detectors/device_model.h"
#include "sensor/models/kept_versions.h"
#include "sensor/models/model_envelope.h"
#include "sensor/models/model_keys.h"
#include "sensor/models/model_refusal.h"
#include "sensor/models/models_in_use.h"

namespace vedette {

struct ModelMessage {
  std::optional<absl::string_view> key;    // none in a file
  std::optional<absl::string_view> value;  // none: a tombstone
};

class ModelCatalogue {
 public:
  ModelCatalogue(std::shared_ptr<const ModelKeys> keys, size_t models_max)
      : keys_(std::move(keys)), models_max_(models_max) {}

  // Before the first message: what an earlier run has taken.
  void Restore(KeptVersions kept) { kept_ = std::move(kept); }
  // What was signed by one that is no longer believed is forgotten, its versions too.
  void SetKeys(std::shared_ptr<const ModelKeys> keys);

  // Null: taken, or taken before. `now_us` 0: of no time, as in a replay of an old capture.
  std::optional<ModelFault> Offer(const ModelMessage& message, uint64_t now_us);
  // Room for others.
  void DropExpired(uint64_t now_us);

  // Anything that Picture() tells has changed since it was called last.
  bool changed() const { return changed_; }
  ModelsInUse Picture();
  // Likewise for what should be kept.
  bool kept_changed() const { return kept_changed_; }
  const KeptVersions& Keep() {
    kept_changed_ = false;
    return kept_;
  }
  size_t models() const { return models_.size(); }
  uint64_t taken() const { return taken_; }
  uint64_t refused() const;
  uint64_t refused(ModelRefusal why) const { return refused_[static_cast<size_t>(why)]; }

 private:
  std::optional<ModelFault> Take(const ModelMessage& message, uint64_t now_us);
  // Nullopt: it may be taken.
  std::optional<ModelFault> CheckVersion(const ModelEnvelope& envelope, const std::string& digest,
                                         uint64_t now_us);
  std::string Name() const;

  std::shared_ptr<const ModelKeys> keys_;
  size_t models_max_;
  ModelSet::Models models_;
  KeptVersions kept_;  // of each model, and of some that are not here
  std::array<uint64_t, kModelRefusalCount> refused_{};
  uint64_t taken_ = 0;
  bool changed_ = false, models_changed_ = false, kept_changed_ = false;
  // The last picture's. Held so that the control thread, which lets go of it when it takes the next
  // one, does not spend its time on freeing.
  std::shared_ptr<const ModelSet> set_, set_before_;
  std::string name_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MODELS_MODEL_CATALOGUE_H_
