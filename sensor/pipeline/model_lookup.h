// Finds devices' models in the set that is in use: by the name that events give the device, else by
// its group's. Detectors ask by endpoint, every second and for thousands of them: what was found is
// remembered together with what the device's name depends on, so that no text is made where nothing
// has changed. Without a set nothing is asked and nothing remembered. The control's.
#ifndef VEDETTE_SENSOR_PIPELINE_MODEL_LOOKUP_H_
#define VEDETTE_SENSOR_PIPELINE_MODEL_LOOKUP_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "detectors/device_models.h"
#include "detectors/device_window.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_directory.h"
#include "sensor/merge/device_windows.h"

namespace vedette {

class ModelLookup final : public DeviceModels {
 public:
  // Both outlive this. `identify` says what `directory` knows, and the group beside.
  ModelLookup(const DeviceDirectory& directory, const IdentityOf& identify)
      : directory_(directory), identify_(identify) {}

  // Null: none. What was found in the set before must not be used any more.
  void Set(std::shared_ptr<const ModelSet> models);
  // Home networks or groups are others from here on.
  void ForgetNames() { known_.clear(); }
  bool empty() const { return models_ == nullptr || models_->size() == 0; }

  const DeviceModel* ModelOf(const EndpointKey& key, uint64_t at_us) override;
  // Names in each event the model that its window is judged by. Returns the windows that have one;
  // they borrow from the events until the next call.
  absl::Span<const DeviceWindow> Attach(const ToldWindow& told, std::vector<DeviceEvent>& events);

 private:
  struct Found {
    const DeviceModel* own = nullptr;
    const DeviceModel* of_group = nullptr;
    const DeviceModel* ValidAt(uint64_t at_us) const;
  };
  struct Known {
    DeviceDirectory::IdentityMark mark;
    Found found;
  };
  // More endpoints than a sensor remembers as devices are asked for by nobody but an attacker.
  static constexpr size_t kKnownMax = 65'536;

  Found Find(absl::string_view device, absl::string_view group) const;

  const DeviceDirectory& directory_;
  const IdentityOf& identify_;
  std::shared_ptr<const ModelSet> models_;
  absl::flat_hash_map<EndpointKey, Known> known_;
  std::vector<DeviceWindow> windows_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_MODEL_LOOKUP_H_
