#include "sensor/policy/evidence_key.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sensor/export/secret_file.h"

namespace vedette {
namespace {

constexpr size_t kKeyBytes = 32;
// Of the file: half the digits of a made one are 128 bits.
constexpr size_t kTextBytesMin = 32;

uint64_t Hmac64(absl::string_view key, absl::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  uint64_t first = 0;
  for (size_t i = 0; i < sizeof first; ++i) first = first << 8 | digest[i];
  return first;
}

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat("evidence_key_file: ", path, ": cannot be ", what, ": ", std::strerror(errno)));
}

absl::Status WriteWhole(int descriptor, absl::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t done = write(descriptor, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return Failed("written", path);
    text.remove_prefix(static_cast<size_t>(done));
  }
  return fsync(descriptor) == 0 ? absl::OkStatus() : Failed("written", path);
}

// Whole or not at all, and never over one that somebody else made meanwhile.
absl::Status MakeKey(const std::string& path) {
  std::string bytes(kKeyBytes, '\0');
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return absl::UnavailableError("the system gives no random numbers for evidence_key_file");
  }
  const std::string made = absl::StrCat(path, ".", getpid());
  const int descriptor = open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return Failed("made", path);
  const absl::Cleanup gone = [&made] { unlink(made.c_str()); };
  const absl::Status written =
      WriteWhole(descriptor, absl::StrCat(absl::BytesToHexString(bytes), "\n"), path);
  close(descriptor);
  if (!written.ok()) return written;
  if (link(made.c_str(), path.c_str()) != 0 && errno != EEXIST) return Failed("made", path);
  return absl::OkStatus();
}

}  // namespace

uint64_t EvidenceKey::HmacOf(absl::string_view pattern, uint64_t match) const {
  return Hmac64(bytes_, absl::StrCat("match\n", pattern, "\n", absl::Hex(match)));
}

uint64_t EvidenceKey::content_secret() const { return Hmac64(bytes_, "content secret\n") | 1; }

absl::StatusOr<EvidenceKey> ReadEvidenceKey(const std::string& place, WhenNoKey when) {
  if (place.empty()) return EvidenceKey();
  absl::StatusOr<std::string> text = ReadSecret(place);
  if (absl::IsNotFound(text.status()) && when == WhenNoKey::kMakeOne &&
      absl::StartsWith(place, "/")) {
    if (const absl::Status made = MakeKey(place); !made.ok()) return made;
    text = ReadSecret(place);
  }
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat("evidence_key_file: ", text.status().message()));
  }
  if (text->size() < kTextBytesMin) {
    return absl::InvalidArgumentError(absl::StrCat(
        "evidence_key_file: ", place, ": found ", text->size(), " characters, allowed at least ",
        kTextBytesMin, " random ones, such as those of 'openssl rand -hex 32'"));
  }
  return EvidenceKey(*std::move(text));
}

}  // namespace vedette
