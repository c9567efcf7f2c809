#include "sensor/models/model_keys.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kTextBytesMax = 256;  // of a key in the configuration
// SEQUENCE { SEQUENCE { OID 1.3.101.112 } BIT STRING } (RFC 8410), up to the key.
constexpr absl::string_view kInfo("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);

struct KeyDelete {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextDelete {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const unsigned char* Octets(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Sha256(absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Octets(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::unique_ptr<EVP_PKEY, KeyDelete> PublicKey(absl::string_view key) {
  return std::unique_ptr<EVP_PKEY, KeyDelete>(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Octets(key), key.size()));
}

}  // namespace

absl::StatusOr<std::string> ParseModelKey(absl::string_view text) {
  std::string bytes;
  const bool decoded = text.size() <= kTextBytesMax && absl::Base64Unescape(text, &bytes);
  if (decoded && bytes.size() == kKeyBytes + kInfo.size() && absl::StartsWith(bytes, kInfo)) {
    bytes.erase(0, kInfo.size());
  }
  if (!decoded || bytes.size() != kKeyBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("found ", decoded ? absl::StrCat(bytes.size(), " bytes") : "no base64",
                     ", allowed an Ed25519 public key: base64 of its ", kKeyBytes,
                     " bytes, or the middle line of what openssl pkey -pubout prints"));
  }
  if (PublicKey(bytes) == nullptr) return absl::InternalError("libcrypto knows no Ed25519");
  return bytes;
}

std::string IdOfModelKey(absl::string_view key) {
  return absl::BytesToHexString(Sha256(key).substr(0, 8));
}

std::string ShortDigest(absl::string_view bytes) {
  return absl::BytesToHexString(Sha256(bytes).substr(0, 16));
}

absl::StatusOr<ModelKeys> ModelKeys::Create(absl::Span<const std::string> texts) {
  ModelKeys keys;
  for (const std::string& text : texts) {
    absl::StatusOr<std::string> key = ParseModelKey(text);
    if (!key.ok()) return key.status();
    const std::string id = IdOfModelKey(*key);
    keys.keys_[id] = *std::move(key);
  }
  return keys;
}

bool ModelKeys::Verify(absl::string_view id, absl::string_view signature,
                       absl::string_view bytes) const {
  const auto known = keys_.find(id);
  if (known == keys_.end() || signature.size() != kModelSignatureBytes) return false;
  const auto key = PublicKey(known->second);
  const std::unique_ptr<EVP_MD_CTX, ContextDelete> context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Octets(signature), signature.size(), Octets(bytes),
                          bytes.size()) == 1;
}

std::vector<std::string> ModelKeys::ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, key] : keys_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace vedette
