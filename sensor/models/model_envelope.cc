#include "sensor/models/model_envelope.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sensor/models/field_reader.h"
#include "sensor/models/flat_json.h"

namespace vedette {
namespace {

constexpr int64_t kSchema = 1;
constexpr absl::string_view kType = "model";
constexpr int64_t kVersionMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kTimeMaxMs = 253'402'300'799'999;  // the end of the year 9999
constexpr int64_t kGapMaxMs = 366LL * 86'400 * 1'000;
constexpr size_t kModelIdBytesMax = 128;
constexpr size_t kSketchDigitsMax = 8'300;

// Beyond what any link carries in an hour, and below what sums of squares need.
constexpr NumberRange kEgress = {0, 1e18};
constexpr NumberRange kFeature = {-1e15, 1e15};
constexpr NumberRange kSpread = {0, 1e15};

absl::string_view Shortened(absl::string_view text) { return text.substr(0, 80); }

void CheckHead(FieldReader& reader) {
  int64_t schema = kSchema;
  std::string type;
  reader.Integer("schema", std::numeric_limits<int64_t>::min(), kVersionMax, schema);
  if (schema != kSchema) {
    reader.Fail(ModelRefusal::kWrongSchema, absl::StrCat("found ", schema, ", known ", kSchema));
  }
  reader.Bytes("type", type);
  if (type != kType) {
    reader.Fail(ModelRefusal::kWrongMessage, absl::StrCat("of type '", Shortened(type), "'"));
  }
}

void CheckSignature(FieldReader& reader, const ModelKeys& keys, const ModelEnvelope& envelope) {
  std::string text, signature;
  reader.Bytes("signature", text);
  if (!reader.good()) return;
  if (!keys.Knows(envelope.key_id)) {
    return reader.Fail(ModelRefusal::kUnknownKey, envelope.key_id);
  }
  // Base64 of 64 bytes takes 88.
  const bool decoded = text.size() <= 128 && absl::Base64Unescape(text, &signature);
  if (!decoded || !keys.Verify(envelope.key_id, signature, envelope.payload)) {
    reader.Fail(ModelRefusal::kBadSignature, absl::StrCat("key ", envelope.key_id));
  }
}

// Each payload says whose it is, so that nobody can pass one device's on as another's.
void CheckWhose(FieldReader& reader, const ModelEnvelope& envelope, const DeviceModel& model) {
  if (model.device != envelope.device) {
    reader.Fail(ModelRefusal::kPayloadMismatch,
                absl::StrCat("payload of ", model.device, ", envelope of ", envelope.device));
  }
  if (model.version != envelope.version) {
    reader.Fail(ModelRefusal::kPayloadMismatch, absl::StrCat("payload of version ", model.version,
                                                             ", envelope of ", envelope.version));
  }
}

void ReadTimes(FieldReader& reader, DeviceModel& model) {
  int64_t from_ms = 0, to_ms = 0, gap_ms = 0;
  reader.Integer("valid_from_ms", 0, kTimeMaxMs, from_ms);
  reader.Integer("valid_to_ms", 0, kTimeMaxMs, to_ms);
  if (from_ms >= to_ms) {
    reader.Fail(ModelRefusal::kNotAscending,
                absl::StrCat("valid_from_ms: ", from_ms, ", valid_to_ms: ", to_ms));
  }
  reader.Integer("gap_p99_ms", 0, kGapMaxMs, gap_ms);
  model.valid_from_us = static_cast<uint64_t>(from_ms) * 1'000;
  model.valid_to_us = static_cast<uint64_t>(to_ms) * 1'000;
  model.gap_p99_us = static_cast<uint64_t>(gap_ms) * 1'000;
}

void ReadCentres(FieldReader& reader, DeviceModel& model) {
  constexpr size_t kQuantiles = 4;
  const std::vector<double> at = reader.Rows("centres", kFeatureCount, kModelCentresMax, kFeature);
  const std::vector<double> distances =
      reader.Rows("distance_quantiles", kQuantiles, kModelCentresMax, kSpread);
  const size_t count = at.size() / kFeatureCount;
  if (distances.size() != count * kQuantiles) {
    reader.Fail(ModelRefusal::kWrongShape,
                absl::StrCat("distance_quantiles: of ", distances.size() / kQuantiles, " of ",
                             count, " centres"));
  }
  if (!reader.good()) return;
  for (size_t i = 0; i < count; ++i) {
    ModelCentre& centre = model.centres.emplace_back();
    std::copy_n(at.begin() + static_cast<ptrdiff_t>(i * kFeatureCount), kFeatureCount,
                centre.at.begin());
    const double* const p = &distances[i * kQuantiles];
    if (!std::is_sorted(p, p + kQuantiles)) {
      reader.Fail(ModelRefusal::kNotAscending, absl::StrCat("distance_quantiles[", i, "]"));
    }
    centre.p50 = p[0], centre.p95 = p[1], centre.p99 = p[2], centre.p999 = p[3];
  }
}

}  // namespace

std::optional<ModelFault> OpenModelEnvelope(absl::string_view bytes,
                                            std::optional<absl::string_view> key,
                                            const ModelKeys& keys, ModelEnvelope& out) {
  out = {};
  if (bytes.size() > kModelEnvelopeBytesMax) {
    return ModelFault{ModelRefusal::kTooLarge,
                      absl::StrCat(bytes.size(), " bytes, ", kModelEnvelopeBytesMax, " allowed")};
  }
  FlatJson json;
  if (std::optional<ModelFault> fault = json.Read(bytes)) return fault;
  FieldReader reader(json);
  CheckHead(reader);
  reader.Text("device", kModelDeviceBytesMax, out.device);
  if (key && *key != out.device) {
    reader.Fail(ModelRefusal::kKeyMismatch,
                absl::StrCat("key ", Shortened(*key), ", device ", out.device));
  }
  reader.Integer("version", 1, kVersionMax, out.version);
  reader.Text("key_id", 64, out.key_id);
  reader.Bytes("payload", out.payload);
  if (out.payload.size() > kModelPayloadBytesMax) {
    reader.Fail(ModelRefusal::kTooLarge, absl::StrCat("payload: ", out.payload.size(), " bytes, ",
                                                      kModelPayloadBytesMax, " allowed"));
  }
  CheckSignature(reader, keys, out);
  return reader.fault();
}

std::optional<ModelFault> ReadModelPayload(const ModelEnvelope& envelope, DeviceModel& out) {
  out = {};
  FlatJson json;
  if (std::optional<ModelFault> fault = json.Read(envelope.payload)) return fault;
  FieldReader reader(json);
  reader.Text("device", kModelDeviceBytesMax, out.device);
  reader.Integer("version", 1, kVersionMax, out.version);
  CheckWhose(reader, envelope, out);
  reader.Text("model_id", kModelIdBytesMax, out.model_id);
  ReadTimes(reader, out);
  reader.Numbers("egress_median", kEgress, absl::MakeSpan(out.egress_median));
  reader.Numbers("egress_mad", kEgress, absl::MakeSpan(out.egress_mad));
  reader.Numbers("feature_median", kFeature, absl::MakeSpan(out.feature_median));
  reader.Numbers("feature_mad", kSpread, absl::MakeSpan(out.feature_mad));
  ReadCentres(reader, out);
  // Central's, for its own comparisons: what decides here uses a secret salt.
  reader.Hexadecimal("destinations_sketch", kSketchDigitsMax);
  return reader.fault();
}

}  // namespace vedette
