#include <algorithm>
#include <cmath>

#include "sensor/event/text_safety.h"
#include "sensor/models/kept_versions.h"
#include "sensor/models/model_catalogue.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/sensor/models/model_writer.h"

namespace vedette {
namespace {

constexpr char kDevice[] = "default/0/10.0.0.5";

template <typename Numbers>
bool Within(const Numbers& numbers, double min, double max) {
  return std::all_of(numbers.begin(), numbers.end(),
                     [=](double x) { return std::isfinite(x) && x >= min && x <= max; });
}

// What detectors count on, whoever has signed it.
void CheckModel(const DeviceModel& model) {
  Require(Printable(model.model_id, model.model_id.size()) == model.model_id);
  Require(!model.model_id.empty() && model.version >= 1 && model.valid_from_us < model.valid_to_us);
  Require(Within(model.egress_median, 0, 1e18) && Within(model.egress_mad, 0, 1e18));
  Require(Within(model.feature_median, -1e15, 1e15) && Within(model.feature_mad, 0, 1e15));
  Require(model.centres.size() <= kModelCentresMax);
  for (const ModelCentre& centre : model.centres) {
    Require(Within(centre.at, -1e15, 1e15));
    Require(centre.p50 >= 0 && centre.p50 <= centre.p95 && centre.p95 <= centre.p99 &&
            centre.p99 <= centre.p999 && centre.p999 <= 1e15);
  }
}

// A message that is not the seed's own payload is never signed.
void CheckMessage(const std::string& text) {
  static const TestSigner kSigner;
  static const ModelKeys kKeys = *ModelKeys::Create({kSigner.public_text()});
  static const std::string kPayload = MadePayload(kDevice, 3).dump();
  ModelEnvelope envelope;
  const std::optional<ModelFault> fault = OpenModelEnvelope(text, kDevice, kKeys, envelope);
  if (fault) {
    Require(!fault->ToString().empty());
  } else {
    Require(envelope.payload == kPayload && envelope.device == kDevice);
  }
}

void CheckPayload(const std::string& text) {
  const ModelEnvelope envelope{.device = kDevice, .version = 3, .key_id = "", .payload = text};
  DeviceModel model;
  if (!ReadModelPayload(envelope, model)) CheckModel(model);
}

void CheckKept(const std::string& text) {
  const absl::StatusOr<KeptVersions> kept = ParseKept(text);
  if (!kept.ok()) return;
  const absl::StatusOr<KeptVersions> again = ParseKept(TextOfKept(*kept));
  Require(again.ok() && again->size() == kept->size());
}

}  // namespace

// First byte: a message, its payload as if it were signed, or the file of versions.
void FuzzModels(FuzzInput input) {
  if (input.empty()) return;
  const std::string text(input.begin() + 1, input.end());
  switch (input[0] % 3) {
    case 0:
      return CheckMessage(text);
    case 1:
      return CheckPayload(text);
    default:
      return CheckKept(text);
  }
}

std::vector<std::string> ModelSeeds() {
  const std::string payload = MadePayload(kDevice, 3).dump();
  const KeptVersions kept = {{kDevice, {3, ShortDigest(payload), TestSigner().id(), 5}}};
  std::vector<std::string> seeds = {
      std::string(1, '\0') + MadeModel(kDevice, 3),
      std::string(1, '\1') + payload,
      std::string(1, '\2') + TextOfKept(kept),
  };
  for (const char* text :
       {"{\"a\":[[[[[[[[[1]]]]]]]]]}", "{\"device\":\"a\",\"device\":1}",
        "{\"centres\":[[],1,[[2]],\"x\",{\"y\":[3]}],\"n\":1e999}",
        "{\"feature_mad\":[NaN],\"u\":\"\\ud800\",\"v\":18446744073709551615}"}) {
    seeds.push_back(std::string(1, '\0') + text);
    seeds.push_back(std::string(1, '\1') + text);
  }
  return seeds;
}

}  // namespace vedette
