// Breaks if a message that is damaged, not signed by somebody who is believed, or not of its form
// is taken, if it is refused by another name than its own, or if reading it costs more than its
// size.
#include "sensor/models/model_envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sensor/event/text_safety.h"
#include "tests/sensor/models/model_writer.h"

namespace vedette {
namespace {

using nlohmann::json;

constexpr char kDevice[] = "default/0/10.0.0.5";

ModelKeys KeysOf(const TestSigner& signer) { return *ModelKeys::Create({signer.public_text()}); }

// The reason by its name; "" where the model is taken.
std::string Refusal(const std::string& bytes, const std::string& key = kDevice) {
  static const ModelKeys keys = KeysOf(TestSigner());
  ModelEnvelope envelope;
  std::optional<ModelFault> fault = OpenModelEnvelope(bytes, key, keys, envelope);
  DeviceModel model;
  if (!fault) fault = ReadModelPayload(envelope, model);
  return fault ? std::string(TextOf(fault->why).wire_name) : "";
}

std::string WithEnvelope(const std::function<void(json&)>& change) {
  json envelope = json::parse(MadeModel(kDevice, 3));
  change(envelope);
  return envelope.dump();
}
// Rightly signed all the same: the signer's fault, or a stolen key.
std::string WithPayloadText(const std::string& payload) {
  return MadeEnvelope(kDevice, 3, payload, TestSigner()).dump();
}
std::string WithPayload(const std::function<void(json&)>& change) {
  json payload = MadePayload(kDevice, 3);
  change(payload);
  return WithPayloadText(payload.dump());
}
std::string WithField(const std::string& name, const json& value) {
  return WithPayload([&](json& payload) { payload[name] = value; });
}
// `text` stands where a number was, JSON or not.
std::string WithNumber(const std::string& text) {
  json payload = MadePayload(kDevice, 3);
  payload["feature_median"][7] = "HERE";
  return WithPayloadText(absl::StrReplaceAll(payload.dump(), {{"\"HERE\"", text}}));
}

TEST(ModelEnvelopeTest, AModelHasItsNumbersAtTheirPlaces) {
  const TestSigner signer;
  json payload = MadePayload(kDevice, 3);
  payload["egress_median"][30] = 77;
  payload["egress_mad"][31] = 1e18;
  payload["feature_median"][4] = -1.25;
  payload["feature_mad"][5] = 0;
  payload["centres"][1][23] = 9.5;
  payload["a field of a later release"] = {{"deep", {1, 2, {{"x", nullptr}}}}};
  ModelEnvelope envelope;
  const std::string bytes = MadeEnvelope(kDevice, 3, payload.dump(), signer).dump();
  ASSERT_FALSE(OpenModelEnvelope(bytes, kDevice, KeysOf(signer), envelope).has_value());
  EXPECT_EQ(envelope.key_id, signer.id());
  DeviceModel model;
  ASSERT_FALSE(ReadModelPayload(envelope, model).has_value());
  EXPECT_EQ(model.device, kDevice);
  EXPECT_EQ(model.model_id, "kmeans-3");
  EXPECT_EQ(model.version, 3);
  EXPECT_EQ(model.valid_from_us, 1'000'000u);
  EXPECT_EQ(model.valid_to_us, 4'102'444'800'000'000u);
  EXPECT_EQ(model.gap_p99_us, 2'500'000u);
  EXPECT_EQ(model.egress_median[30], 77);
  EXPECT_EQ(model.egress_median[31], 1'000.5);
  EXPECT_EQ(model.egress_mad[31], 1e18);
  EXPECT_EQ(model.feature_median[4], -1.25);
  EXPECT_EQ(model.feature_mad[5], 0);
  ASSERT_EQ(model.centres.size(), 2u);
  EXPECT_EQ(model.centres[0].at[0], -0.5);
  EXPECT_EQ(model.centres[1].at[23], 9.5);
  EXPECT_EQ(model.centres[1].p50, 1.5);
  EXPECT_EQ(model.centres[1].p999, 4.5);
}

TEST(ModelEnvelopeTest, AGroupHasAModelToo) {
  EXPECT_EQ(Refusal(MadeModel("group/cameras", 1), "group/cameras"), "");
  EXPECT_EQ(Refusal(WithField("centres", json::array())), "wrong_shape");  // two rows of quantiles
  EXPECT_EQ(Refusal(WithPayload([](json& p) {
              p["centres"] = json::array();
              p["distance_quantiles"] = json::array();
              p["destinations_sketch"] = "";
            })),
            "");
}

struct Case {
  std::string name, bytes, why, key = kDevice;
};

TEST(ModelEnvelopeTest, EveryFaultHasItsName) {
  const std::string good = MadeModel(kDevice, 3);
  const auto text = [](size_t bytes) { return std::string(bytes, 'x'); };
  const auto envelope = [](const char* field, const json& value) {
    return WithEnvelope([&](json& e) { e[field] = value; });
  };
  const auto without = [](const char* field) {
    return WithEnvelope([&](json& e) { e.erase(field); });
  };
  std::string other_digit = good;
  other_digit[other_digit.find("1000.5")] = '2';
  const Case cases[] = {
      {"good", good, ""},
      {"nothing", "", "not_json"},
      {"a list", "[]", "not_json"},
      {"a number", "5", "not_json"},
      {"null", "null", "not_json"},
      {"two objects", good + good, "not_json"},
      {"bytes", "{\"schema\": \"\xff\"}", "not_utf8"},
      {"half a surrogate", "{\"schema\": \"\\ud800\"}", "not_json"},
      {"NUL", std::string("{\"a\0\":1}", 8), "not_json"},
      {"a huge message", "{\"a\":\"" + text(kModelEnvelopeBytesMax) + "\"}", "too_large"},
      {"a huge payload", WithPayloadText(text(kModelPayloadBytesMax + 1)), "too_large"},
      {"a bomb", text(0).assign(100'000, '['), "not_json"},
      {"a bomb in a field", "{\"a\":" + std::string(100'000, '['), "too_deep"},
      {"a bomb of objects", "{\"a\":" + absl::StrReplaceAll(text(40'000), {{"x", "{\"a\":"}}),
       "too_deep"},
      {"twice", "{\"schema\":1,\"schema\":1}", "repeated_field"},
      {"no schema", without("schema"), "missing_field"},
      {"no signature", without("signature"), "missing_field"},
      {"no payload", without("payload"), "missing_field"},
      {"schema 2", envelope("schema", 2), "wrong_schema"},
      {"schema as text", envelope("schema", "1"), "wrong_type"},
      {"schema 1.5", envelope("schema", 1.5), "wrong_type"},
      {"an alert", envelope("type", "alert"), "wrong_message"},
      {"a payload that is an object", envelope("payload", json::object()), "wrong_type"},
      {"no version", envelope("version", nullptr), "wrong_type"},
      {"version 0", envelope("version", 0), "out_of_range"},
      {"version -1", envelope("version", -1), "out_of_range"},
      {"version beyond 64 bits", envelope("version", 1e30), "wrong_type"},
      {"version beyond 63 bits", envelope("version", 1ull << 63), "wrong_type"},
      {"no name", envelope("device", ""), "bad_text"},
      {"a name that rings", envelope("device", "a\ab"), "bad_text"},
      {"a name turned around", envelope("device", "a\xe2\x80\xae"), "bad_text"},
      {"a long name", envelope("device", text(300)), "bad_text"},
      {"another's key", good, "key_mismatch", "default/0/10.0.0.6"},
      {"no key", good, "key_mismatch", ""},
      {"nobody's key", MadeModel(kDevice, 3, TestSigner(2)), "unknown_key"},
      {"another's signature", envelope("signature", absl::Base64Escape(TestSigner(2).Sign("x"))),
       "bad_signature"},
      {"no base64", envelope("signature", "!"), "bad_signature"},
      {"half a signature", envelope("signature", "AAAA"), "bad_signature"},
      {"a long signature", envelope("signature", text(100'000)), "bad_signature"},
      {"one digit of the payload", other_digit, "bad_signature"},
      {"another device's payload",
       MadeEnvelope(kDevice, 3, MadePayload("default/0/10.0.0.6", 3).dump(), TestSigner()).dump(),
       "payload_mismatch"},
      {"an old payload in a new envelope",
       MadeEnvelope(kDevice, 3, MadePayload(kDevice, 2).dump(), TestSigner()).dump(),
       "payload_mismatch"},
      {"a payload of text", WithPayloadText("model"), "not_json"},
      {"an empty payload", WithPayloadText(""), "not_json"},
      {"a bomb in the payload", WithPayloadText("{\"a\":" + std::string(60'000, '[')), "too_deep"},
      {"a field twice", WithPayloadText("{\"device\":\"a\",\"device\":\"b\"}"), "repeated_field"},
      {"NaN", WithNumber("NaN"), "not_finite"},
      {"Infinity", WithNumber("Infinity"), "not_finite"},
      {"-Infinity", WithNumber("-Infinity"), "not_finite"},
      {"1e999", WithNumber("1e999"), "not_finite"},
      {"-1e999", WithNumber("-1e999"), "not_finite"},
      {"a number with a sign", WithNumber("+1"), "not_json"},
      {"null for a number", WithNumber("null"), "wrong_type"},
      {"a list for a number", WithNumber("[1]"), "wrong_type"},
      {"1e300", WithNumber("1e300"), "out_of_range"},
      {"a digit too many", WithNumber(std::string(400, '9')), "not_finite"},
      {"no model_id", WithField("model_id", ""), "bad_text"},
      {"an escape in model_id", WithField("model_id", "\x1b[31m"), "bad_text"},
      {"egress below zero", WithField("egress_median", std::vector<double>(168, -1)),
       "out_of_range"},
      {"no spread", WithField("feature_mad", std::vector<double>(24, -0.1)), "out_of_range"},
      {"167 hours", WithField("egress_median", std::vector<int>(167, 1)), "wrong_shape"},
      {"169 hours", WithField("egress_mad", std::vector<int>(169, 1)), "wrong_shape"},
      {"no hours", WithField("egress_mad", json::array()), "wrong_shape"},
      {"30,000 features", WithField("feature_median", std::vector<int>(30'000, 1)), "wrong_shape"},
      {"features as text", WithField("feature_median", "1"), "wrong_type"},
      {"a centre too short", WithField("centres", {std::vector<int>(24, 1), {1, 2}}),
       "wrong_shape"},
      {"a list of centres that is one", WithField("centres", std::vector<int>(48, 1)),
       "wrong_type"},
      {"one row of quantiles", WithField("distance_quantiles", {{1, 2, 3, 4}}), "wrong_shape"},
      {"five quantiles", WithField("distance_quantiles", {{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}}),
       "wrong_shape"},
      {"quantiles that fall", WithField("distance_quantiles", {{1, 2, 3, 4}, {4, 3, 2, 1}}),
       "not_ascending"},
      {"257 centres", WithField("centres", std::vector(257, std::vector<int>(24, 1))),
       "wrong_shape"},
      {"a time that ends before it begins", WithField("valid_to_ms", 1'000), "not_ascending"},
      {"a time below zero", WithField("valid_from_ms", -1), "out_of_range"},
      {"a time as a double", WithField("valid_from_ms", 0.5), "wrong_type"},
      {"a gap of years", WithField("gap_p99_ms", 1'000'000'000'000), "out_of_range"},
      {"a sketch of letters", WithField("destinations_sketch", "xy"), "bad_text"},
      {"a huge sketch", WithField("destinations_sketch", std::string(40'000, '0')), "bad_text"},
      {"no sketch", WithPayload([](json& p) { p.erase("destinations_sketch"); }), "missing_field"},
  };
  for (const Case& one : cases) EXPECT_EQ(Refusal(one.bytes, one.key), one.why) << one.name;
}

// The words of a refusal go to logs and terminals.
TEST(ModelEnvelopeTest, AReasonNamesWhatWasFound) {
  ModelEnvelope envelope;
  DeviceModel model;
  const ModelKeys keys = KeysOf(TestSigner());
  const std::string bytes = WithField("egress_median", std::vector<int>(167, 1));
  ASSERT_FALSE(OpenModelEnvelope(bytes, kDevice, keys, envelope).has_value());
  EXPECT_EQ(ReadModelPayload(envelope, model)->ToString(),
            "wrong_shape: a list is not as long as it must be: egress_median: 167 numbers, 168 are "
            "wanted");
}

TEST(ModelEnvelopeTest, NoPrefixAndNoFlippedBitIsTaken) {
  const std::string good = MadeModel(kDevice, 3);
  ASSERT_EQ(Refusal(good), "");
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(Refusal(good.substr(0, size)), "") << size;
  }
  const size_t payload = good.find("\"payload\"");
  size_t same = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    if (Refusal(flipped) != "") continue;
    // A flip may leave the meaning: an escape for a character, another base64 digit's unused bits.
    EXPECT_EQ(json::parse(flipped)["payload"], json::parse(good)["payload"]) << at;
    ++same;
  }
  EXPECT_LT(same, 10u) << payload;
}

TEST(ModelKeysTest, AKeyIsItsBytesOrTheLineOfItsPemFile) {
  const TestSigner signer;
  const std::string raw = signer.public_key();
  EXPECT_EQ(*ParseModelKey(signer.public_text()), raw);
  const std::string info("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
  EXPECT_EQ(*ParseModelKey(absl::Base64Escape(info + raw)), raw);
  EXPECT_EQ(signer.id().size(), 16u);
  for (const std::string& bad :
       {std::string(), std::string("key"), std::string(10'000, 'A'),
        absl::Base64Escape(raw.substr(1)), absl::Base64Escape(std::string(12, 'x') + raw)}) {
    EXPECT_FALSE(ParseModelKey(bad).ok()) << bad;
  }
  EXPECT_FALSE(ModelKeys::Create({signer.public_text(), "x"}).ok());
  EXPECT_TRUE(ModelKeys::Create({})->empty());
}

}  // namespace
}  // namespace vedette
