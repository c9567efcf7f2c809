// Models as central writes them, signed with keys of the tests' own. Tests only.
#ifndef VEDETTE_TESTS_SENSOR_MODELS_MODEL_WRITER_H_
#define VEDETTE_TESTS_SENSOR_MODELS_MODEL_WRITER_H_

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "sensor/models/model_keys.h"

namespace vedette {

// The key that `seed` makes: the same in every run.
class TestSigner {
 public:
  explicit TestSigner(char seed = 1)
      : key_(EVP_PKEY_new_raw_private_key(
                 EVP_PKEY_ED25519, nullptr,
                 reinterpret_cast<const unsigned char*>(std::string(32, seed).data()), 32),
             EVP_PKEY_free) {}

  std::string public_key() const {
    std::string raw(32, '\0');
    size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
    return raw;
  }
  std::string public_text() const { return absl::Base64Escape(public_key()); }
  std::string id() const { return IdOfModelKey(public_key()); }
  std::string Sign(const std::string& bytes) const {
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get());
    std::string signature(64, '\0');
    size_t size = signature.size();
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return signature;
  }

 private:
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
};

// A model that is taken, in two clusters; a test changes what it is about.
inline nlohmann::json MadePayload(const std::string& device, int64_t version) {
  nlohmann::json json;
  json["device"] = device;
  json["model_id"] = "kmeans-" + std::to_string(version);
  json["version"] = version;
  json["valid_from_ms"] = 1'000;
  json["valid_to_ms"] = 4'102'444'800'000;  // 2100
  json["egress_median"] = std::vector<double>(168, 1'000.5);
  json["egress_mad"] = std::vector<int>(168, 100);  // whole: without a point
  json["feature_median"] = std::vector<double>(24, 1.5);
  json["feature_mad"] = std::vector<double>(24, 0.25);
  json["centres"] = {std::vector<double>(24, -0.5), std::vector<double>(24, 2)};
  json["distance_quantiles"] = {{1, 2, 3, 4}, {1.5, 2.5, 3.5, 4.5}};
  json["gap_p99_ms"] = 2'500;
  json["destinations_sketch"] = "0103031a";
  return json;
}

inline nlohmann::json MadeEnvelope(const std::string& device, int64_t version,
                                   const std::string& payload, const TestSigner& signer) {
  nlohmann::json json;
  json["schema"] = 1;
  json["type"] = "model";
  json["device"] = device;
  json["version"] = version;
  json["key_id"] = signer.id();
  json["signature"] = absl::Base64Escape(signer.Sign(payload));
  json["payload"] = payload;
  return json;
}

inline std::string MadeModel(const std::string& device, int64_t version,
                             const TestSigner& signer = TestSigner()) {
  return MadeEnvelope(device, version, MadePayload(device, version).dump(), signer).dump();
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_SENSOR_MODELS_MODEL_WRITER_H_
