#include "sensor/pipeline/model_lookup.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace vedette {

// Figures of what was refused come with the set that is in use already: what was looked up stays.
void ModelLookup::Set(std::shared_ptr<const ModelSet> models) {
  if (models == models_) return;
  known_.clear();
  windows_.clear();
  models_ = std::move(models);
}

const DeviceModel* ModelLookup::Found::ValidAt(uint64_t at_us) const {
  if (own != nullptr && own->IsValidAt(at_us)) return own;
  return of_group != nullptr && of_group->IsValidAt(at_us) ? of_group : nullptr;
}

ModelLookup::Found ModelLookup::Find(absl::string_view device, absl::string_view group) const {
  Found found{.own = models_->Find(device)};
  if (!group.empty()) found.of_group = models_->Find(absl::StrCat("group/", group));
  return found;
}

const DeviceModel* ModelLookup::ModelOf(const EndpointKey& key, uint64_t at_us) {
  if (empty()) return nullptr;
  const DeviceDirectory::IdentityMark mark = directory_.MarkOf(key);
  auto at = known_.find(key);
  if (at == known_.end() || at->second.mark != mark) {
    if (known_.size() >= kKnownMax) known_.clear();
    const DeviceIdentity identity = identify_(key);
    at = known_.insert_or_assign(key, Known{mark, Find(identity.device, identity.group)}).first;
  }
  return at->second.found.ValidAt(at_us);
}

absl::Span<const DeviceWindow> ModelLookup::Attach(const ToldWindow& told,
                                                   std::vector<DeviceEvent>& events) {
  windows_.clear();
  if (empty()) return {};
  for (size_t i = 0; i < events.size(); ++i) {
    DeviceEvent& event = events[i];
    const auto begin_us = static_cast<uint64_t>(event.window_start_ms) * 1'000;
    const uint64_t end_us = begin_us + static_cast<uint64_t>(event.window_ms) * 1'000;
    const DeviceModel* const model = Find(event.device, event.group).ValidAt(end_us - 1);
    if (model == nullptr) continue;
    event.model_id = model->model_id;
    DeviceWindow& window = windows_.emplace_back();
    window.device = event.device;
    window.key = told.keys[i];
    window.begin_us = begin_us;
    window.end_us = end_us;
    std::copy_n(event.features.begin(), kFeatureCount, window.features.begin());
    window.packets_in = static_cast<uint64_t>(event.packets_in);
    window.packets_out = static_cast<uint64_t>(event.packets_out);
    window.bytes = static_cast<uint64_t>(event.bytes_in + event.bytes_out);
    window.unwatched_share = told.unwatched_share;
    window.lost_share = told.lost_share;
    window.model = model;
  }
  return windows_;
}

}  // namespace vedette
