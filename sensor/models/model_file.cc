#include "sensor/models/model_file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sensor/models/model_catalogue.h"

namespace vedette {
namespace {

constexpr size_t kFaultsMax = 100;

struct FileClose {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileClose>;

absl::Status Unreadable(const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("--models: ", path));
}

absl::StatusOr<File> Open(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return Unreadable(path, EISDIR);
  File file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) return Unreadable(path, errno);
  return file;
}

// A line without its end. What is beyond an envelope's size, and one byte more, is passed over.
// False: there is none left.
bool ReadLine(std::FILE* file, std::string& line) {
  line.clear();
  int c = std::getc(file);
  if (c == EOF) return false;
  for (; c != EOF && c != '\n'; c = std::getc(file)) {
    if (line.size() <= kModelEnvelopeBytesMax) line.push_back(static_cast<char>(c));
  }
  return true;
}

// What a copy of the topic holds in the ordinary course of things.
bool IsOrdinary(ModelRefusal why) {
  return why == ModelRefusal::kStaleVersion || why == ModelRefusal::kExpired;
}

void Note(const std::string& place, const ModelFault& fault, ModelFileReading& reading) {
  reading.unusable += IsOrdinary(fault.why) ? 0 : 1;
  if (reading.faults.size() < kFaultsMax) {
    reading.faults.push_back(absl::StrCat(place, ": ", fault.ToString()));
  }
}

}  // namespace

absl::StatusOr<ModelFileReading> ReadModelFile(const std::string& path, const ModelConfig& config) {
  absl::StatusOr<ModelKeys> keys = ModelKeys::Create(config.public_keys);
  if (!keys.ok()) return keys.status();
  if (keys->empty()) {
    return absl::FailedPreconditionError(
        "--models: nobody's models are believed: put the public key of who signs them into "
        "models.public_keys of the configuration (-c FILE); see docs/models.md");
  }
  absl::StatusOr<File> file = Open(path);
  if (!file.ok()) return file.status();
  ModelFileReading reading;
  ModelCatalogue catalogue(std::make_shared<const ModelKeys>(*std::move(keys)), config.max);
  std::string line;
  for (uint64_t number = 1; ReadLine(file->get(), line); ++number) {
    if (line.empty()) continue;
    const auto fault = catalogue.Offer({.key = std::nullopt, .value = line}, 0);
    if (fault) Note(absl::StrCat(path, ":", number), *fault, reading);
  }
  if (std::ferror(file->get()) != 0) return Unreadable(path, errno);
  reading.models = catalogue.Picture();
  reading.taken = catalogue.taken();
  if (catalogue.refused() > reading.faults.size()) {
    reading.faults.push_back(absl::StrCat(
        path, ": and ", catalogue.refused() - reading.faults.size(), " more are refused"));
  }
  return reading;
}

}  // namespace vedette
