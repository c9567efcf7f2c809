#include "sensor/pipeline/saved_state.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

// A clock that is set back by more than this is another matter than one that is corrected.
constexpr uint64_t kAheadMaxS = 60;

std::string TimeText(uint64_t second) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(static_cast<int64_t>(second)),
                          absl::UTCTimeZone());
}

absl::Status CheckWhose(const StateHeader& header, const SensorConfig& config, HostTime now) {
  if (header.sensor != config.sensor || header.site != config.site) {
    return absl::FailedPreconditionError(
        absl::StrCat("it is sensor ", Printable(header.sensor), "'s of site ",
                     Printable(header.site), ", this is ", config.sensor, " of ", config.site));
  }
  const uint64_t now_s = now.wall_us / 1'000'000;
  if (header.second > now_s + kAheadMaxS) {
    return absl::OutOfRangeError(
        absl::StrCat("it is of ", TimeText(header.second), ", which is still to come"));
  }
  return absl::OkStatus();
}

void Refuse(const StateFile& file, const absl::Status& why) {
  const absl::StatusOr<std::string> aside = file.SetAside();
  spdlog::error("state refused, the sensor begins anew: {}", std::string(why.message()));
  if (aside.ok()) {
    spdlog::warn("the refused state is now {}", *aside);
  } else {
    spdlog::warn("{}", std::string(aside.status().message()));
  }
}

std::optional<StateImage> ReadImage(const StateFile& file, const SensorConfig& config,
                                    HostTime now) {
  absl::StatusOr<StateImage> image = file.Read();
  if (absl::IsNotFound(image.status())) {
    spdlog::info("state: none yet; kept in {}", file.path());
    return std::nullopt;
  }
  absl::Status usable = image.status();
  if (usable.ok()) usable = CheckWhose(image->header(), config, now);
  if (!usable.ok()) {
    Refuse(file, usable);
    return std::nullopt;
  }
  return *std::move(image);
}

void LogRestored(const StateImage& image, const SensorConfig& config, HostTime now) {
  const StateHeader& header = image.header();
  const uint64_t now_s = now.wall_us / 1'000'000;
  const uint64_t age_s = now_s - std::min(now_s, header.second);
  spdlog::info("state of {}, {} s ago, is gone on with: {} KiB, {}", TimeText(header.second), age_s,
               image.size_bytes() >> 10,
               header.at_stop ? "written at a stop" : "written while running");
  if (age_s > config.state.alert_age_max_s) {
    spdlog::info("alerts of then are closed (state.alert_age_max_s is {})",
                 config.state.alert_age_max_s);
  }
}

}  // namespace

absl::StatusOr<std::optional<SavedState>> SavedState::Load(const SensorConfig& config,
                                                           const RunRequest& request,
                                                           HostTime now) {
  const StateConfig& wanted = config.state;
  const bool always = wanted.when == "always";
  if (!KeepsState(wanted, request.names_files())) return std::optional<SavedState>();
  absl::StatusOr<StateFile> file = StateFile::Open(wanted.folder, uint64_t{wanted.mib_max} << 20);
  if (!file.ok() && always) {
    return absl::Status(file.status().code(),
                        absl::StrCat("state.folder: ", file.status().message()));
  }
  if (!file.ok()) {
    spdlog::warn("no state is kept: {}; see state.folder", std::string(file.status().message()));
    return std::optional<SavedState>();
  }
  std::optional<StateImage> image = ReadImage(*file, config, now);
  if (image) LogRestored(*image, config, now);
  return std::optional<SavedState>(SavedState{*std::move(file), std::move(image)});
}

std::unique_ptr<StateKeeper> KeepState(SavedState state, const SensorConfig& config,
                                       int64_t boot_ms, Engine& engine) {
  uint64_t second = 0;
  if (state.image) {
    second = state.image->header().second;
    for (const std::string& note : engine.Restore(*state.image, config.state.alert_age_max_s)) {
      spdlog::warn("state: {}", note);
    }
  }
  auto keeper = std::make_unique<StateKeeper>(std::move(state.file),
                                              StateKeeper::Options{.sensor = config.sensor,
                                                                   .site = config.site,
                                                                   .boot_ms = boot_ms,
                                                                   .secret = engine.secret(),
                                                                   .every_s = config.state.every_s,
                                                                   .restored_second = second});
  engine.Attend(keeper.get(), AtEnd::kKeepOpen);
  return keeper;
}

HostTime StartTime(const StateKeeper* keeper) {
  HostTime start = ReadHostTime();
  if (keeper != nullptr) {
    start.wall_us = std::max(start.wall_us, keeper->restored_second() * 1'000'000);
  }
  return start;
}

}  // namespace vedette
