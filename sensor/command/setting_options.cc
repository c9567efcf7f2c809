#include "sensor/command/setting_options.h"

#include <charconv>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "dataplane/capture/pcap_filter.h"
#include "dataplane/track/home_networks.h"
#include "dataplane/worker/shard_window.h"
#include "detectors/near_name.h"

namespace vedette {

void ApplySettings(const SettingOptions& options, SensorConfig& config,
                   std::vector<std::string>& faults) {
  if (!options.config.empty()) {
    absl::StatusOr<SensorConfig> loaded = LoadConfig(options.config);
    if (loaded.ok()) {
      config = *std::move(loaded);
    } else {
      faults.emplace_back(loaded.status().message());
    }
  }
  if (!options.home.empty()) config.home.clear();
  for (const std::string& text : options.home) {
    const absl::StatusOr<Prefix> prefix = ParsePrefix(text);
    if (prefix.ok()) {
      config.home.push_back(*prefix);
    } else {
      faults.push_back(absl::StrCat("--home: ", prefix.status().message()));
    }
  }
  if (options.sensor.empty()) return;
  config.sensor = options.sensor;
  if (!IsIdentifier(config.sensor)) {
    faults.push_back(absl::StrCat("--sensor: found ", Quoted(config.sensor),
                                  ", allowed 1 to 64 letters, digits, '.', '_' and '-'"));
  }
}

size_t ParseWorkers(const std::string& text, std::vector<std::string>& faults) {
  size_t workers = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, workers);
  if (error == std::errc() && stop == end && workers >= 1 && workers <= kShards) return workers;
  faults.push_back(absl::StrCat("--workers: found ", Quoted(text),
                                ", allowed a whole number from 1 to ", kShards));
  return 1;
}

void CheckFilter(const std::string& filter, std::vector<std::string>& faults) {
  if (filter.empty()) return;
  const auto compiled = PcapFilter::Compile(filter);
  if (!compiled.ok()) faults.push_back(absl::StrCat("--bpf: ", compiled.status().message()));
}

}  // namespace vedette
