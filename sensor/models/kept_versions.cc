#include "sensor/models/kept_versions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sensor/models/model_keys.h"
#include "sensor/state/whole_file.h"

namespace vedette {
namespace {

constexpr absl::string_view kHead = "vedette model versions 1\n";
constexpr absl::string_view kEnd = "digest ";
constexpr uint64_t kBytesMax = 128 << 20;  // models.max at its greatest, with long names

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("damaged: ", what));
}

// No device's name holds a tab or the end of a line: those are control characters.
bool ParseLine(absl::string_view line, KeptVersions& kept) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, '\t');
  KeptVersion version;
  if (parts.size() != 5 || parts[0].empty() || !absl::SimpleAtoi(parts[1], &version.version) ||
      !absl::SimpleAtoi(parts[4], &version.expires_us) || version.version < 1) {
    return false;
  }
  version.digest = std::string(parts[2]);
  version.key_id = std::string(parts[3]);
  return kept.try_emplace(std::string(parts[0]), std::move(version)).second;
}

}  // namespace

std::string TextOfKept(const KeptVersions& kept) {
  std::vector<absl::string_view> devices;
  for (const auto& [device, version] : kept) devices.push_back(device);
  std::sort(devices.begin(), devices.end());
  std::string text(kHead);
  for (const absl::string_view device : devices) {
    const KeptVersion& version = kept.find(device)->second;
    absl::StrAppend(&text, device, "\t", version.version, "\t", version.digest, "\t",
                    version.key_id, "\t", version.expires_us, "\n");
  }
  const std::string digest = ShortDigest(text);
  absl::StrAppend(&text, kEnd, digest, "\n");
  return text;
}

absl::StatusOr<KeptVersions> ParseKept(absl::string_view text) {
  if (!absl::StartsWith(text, kHead)) return Damaged("it does not begin as it should");
  const size_t end = text.rfind(kEnd);
  if (end == absl::string_view::npos ||
      text.substr(end) != absl::StrCat(kEnd, ShortDigest(text.substr(0, end)), "\n")) {
    return Damaged("its checksum is wrong");
  }
  KeptVersions kept;
  for (const absl::string_view line :
       absl::StrSplit(text.substr(kHead.size(), end - kHead.size()), '\n', absl::SkipEmpty())) {
    if (!ParseLine(line, kept)) return Damaged("a line is not of its form");
  }
  return kept;
}

absl::StatusOr<KeptVersions> ReadKept(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWholeFile(path, kBytesMax, "of this file");
  if (!text.ok()) return text.status();
  absl::StatusOr<KeptVersions> kept = ParseKept(*text);
  if (!kept.ok()) {
    return absl::Status(kept.status().code(), absl::StrCat(path, ": ", kept.status().message()));
  }
  return kept;
}

absl::Status WriteKept(const std::string& path, const KeptVersions& kept) {
  return ReplaceFile(path, TextOfKept(kept));
}

}  // namespace vedette
