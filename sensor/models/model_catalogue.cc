#include "sensor/models/model_catalogue.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace vedette {

void ModelCatalogue::SetKeys(std::shared_ptr<const ModelKeys> keys) {
  keys_ = std::move(keys);
  const size_t models_before = models_.size(), kept_before = kept_.size();
  absl::erase_if(models_, [this](const auto& model) {
    const auto kept = kept_.find(model.first);
    return kept == kept_.end() || !keys_->Knows(kept->second.key_id);
  });
  absl::erase_if(kept_, [this](const auto& kept) { return !keys_->Knows(kept.second.key_id); });
  if (models_.size() != models_before) changed_ = models_changed_ = true;
  if (kept_.size() != kept_before) kept_changed_ = true;
}

std::optional<ModelFault> ModelCatalogue::Offer(const ModelMessage& message, uint64_t now_us) {
  std::optional<ModelFault> fault = Take(message, now_us);
  if (fault) {
    ++refused_[static_cast<size_t>(fault->why)];
    changed_ = true;
  }
  return fault;
}

std::optional<ModelFault> ModelCatalogue::Take(const ModelMessage& message, uint64_t now_us) {
  if (!message.value) return ModelFault{ModelRefusal::kTombstone, ""};
  ModelEnvelope envelope;
  if (auto fault = OpenModelEnvelope(*message.value, message.key, *keys_, envelope)) return fault;
  const std::string digest = ShortDigest(envelope.payload);
  // Before it is read: after a restart most of what the topic holds is old.
  if (auto fault = CheckVersion(envelope, digest, now_us)) return fault;
  KeptVersion kept{.version = envelope.version, .digest = digest, .key_id = envelope.key_id};
  const auto known = kept_.find(envelope.device);
  const bool same = known != kept_.end() && known->second.version == envelope.version;
  if (same && models_.contains(envelope.device)) return std::nullopt;  // sent twice
  auto model = std::make_shared<DeviceModel>();
  if (auto fault = ReadModelPayload(envelope, *model)) return fault;
  if (now_us != 0 && model->valid_to_us <= now_us) {
    return ModelFault{ModelRefusal::kExpired,
                      absl::StrCat("valid_to_ms: ", model->valid_to_us / 1'000)};
  }
  kept.expires_us = model->valid_to_us;
  if (known != kept_.end()) kept.expires_us = std::max(kept.expires_us, known->second.expires_us);
  kept_changed_ = kept_changed_ || !same;
  kept_[envelope.device] = std::move(kept);
  models_[std::move(envelope.device)] = std::move(model);
  ++taken_;
  changed_ = models_changed_ = true;
  return std::nullopt;
}

std::optional<ModelFault> ModelCatalogue::CheckVersion(const ModelEnvelope& envelope,
                                                       const std::string& digest, uint64_t now_us) {
  const auto known = kept_.find(envelope.device);
  if (known == kept_.end()) {
    if (kept_.size() >= models_max_) DropExpired(now_us);
    if (kept_.size() < models_max_) return std::nullopt;
    return ModelFault{ModelRefusal::kTooMany, absl::StrCat(models_max_)};
  }
  const KeptVersion& newest = known->second;
  if (envelope.version > newest.version) return std::nullopt;
  if (envelope.version == newest.version && digest == newest.digest) return std::nullopt;
  return ModelFault{
      ModelRefusal::kStaleVersion,
      envelope.version == newest.version
          ? absl::StrCat("version ", envelope.version, " again, with other content")
          : absl::StrCat("version ", envelope.version, ", ", newest.version, " was taken")};
}

// Whatever comes back of such a device has expired too: nothing needs its version.
void ModelCatalogue::DropExpired(uint64_t now_us) {
  const size_t models_before = models_.size(), kept_before = kept_.size();
  absl::erase_if(models_, [now_us](const auto& m) { return m.second->valid_to_us <= now_us; });
  absl::erase_if(kept_, [now_us](const auto& kept) { return kept.second.expires_us <= now_us; });
  if (models_.size() != models_before) changed_ = models_changed_ = true;
  if (kept_.size() != kept_before) kept_changed_ = true;
}

uint64_t ModelCatalogue::refused() const {
  return std::accumulate(refused_.begin(), refused_.end(), uint64_t{0});
}

std::string ModelCatalogue::Name() const {
  if (models_.empty()) return "";
  std::vector<const ModelSet::Models::value_type*> sorted;
  for (const auto& model : models_) sorted.push_back(&model);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  std::string text;
  for (const auto* model : sorted) {
    absl::StrAppend(&text, model->first, "\n", model->second->version, "\n",
                    model->second->model_id, "\n");
  }
  return ShortDigest(text).substr(0, 16);
}

ModelsInUse ModelCatalogue::Picture() {
  if (models_changed_) {
    set_before_ = std::exchange(set_, std::make_shared<const ModelSet>(models_));
    name_ = Name();
  }
  changed_ = models_changed_ = false;
  ModelsInUse picture{.set = set_, .name = name_, .refused = {}};
  for (size_t i = 0; i < kModelRefusalCount; ++i) {
    if (refused_[i] == 0) continue;
    picture.refused[std::string(kModelRefusals[i].wire_name)] = static_cast<int64_t>(refused_[i]);
  }
  return picture;
}

}  // namespace vedette
