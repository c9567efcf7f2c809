#include "sensor/pipeline/replay.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "dataplane/capture/replay_source.h"
#include "sensor/event/text_safety.h"
#include "sensor/export/file_export.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/paced_source.h"

namespace vedette {
namespace {

// Where a replay's events go: files, the report, the progress bar.
class ReplayOutput final : public EventSink {
 public:
  ReplayOutput(EventFiles& files, const ReplaySource& source, const ReplayRequest& request)
      : files_(files), source_(source) {
    static_cast<void>(request);
  }

  void OnInterval(const IntervalView& view, const IdentityOf& identify) override {
    packets_ += view.totals.packets;
    static_cast<void>(identify);
  }
  void OnAlert(const AlertEvent& event) override { files_.Write(event); }
  void OnDevice(const DeviceEvent& event) override { files_.Write(event); }
  void OnFlow(const FlowEvent& event) override { files_.Write(event); }
  void OnHealth(const HealthEvent& event) override { files_.Write(event); }

 private:
  EventFiles& files_;
  const ReplaySource& source_;
  uint64_t packets_ = 0;
};

ReplayOptions OptionsOf(const ReplayRequest& request) {
  ReplayOptions options{.merge = request.merge, .filter = request.bpf};
  if (request.shift_to_us.has_value()) options.shift_to = Timestamp{*request.shift_to_us};
  return options;
}

// Names of files are anybody's text; the lines are ours.
std::string Shown(absl::string_view message) {
  constexpr size_t kLineBytesMax = 8192;
  return absl::StrJoin(absl::StrSplit(message, '\n'), "\n",
                       [](std::string* out, absl::string_view line) {
                         absl::StrAppend(out, Printable(line, kLineBytesMax));
                       });
}

int Fail(const absl::Status& status, ExitStatus exit) {
  std::cerr << "vedette replay: " << Shown(status.message()) << "\n";
  return static_cast<int>(exit);
}

}  // namespace

int RunReplay(const SensorConfig& config, const ReplayRequest& request) {
  absl::StatusOr<std::unique_ptr<ReplaySource>> source =
      OpenReplay(request.captures, OptionsOf(request));
  if (!source.ok()) {
    const bool damaged = source.status().code() == absl::StatusCode::kDataLoss;
    return Fail(source.status(), damaged ? ExitStatus::kInputIncomplete : ExitStatus::kFailed);
  }
  absl::StatusOr<std::unique_ptr<EventFiles>> files = EventFiles::Open({.alerts = request.alerts,
                                                                        .devices = request.devices,
                                                                        .flows = request.flows,
                                                                        .health = request.health});
  if (!files.ok()) return Fail(files.status(), ExitStatus::kFailed);
  ReplayOutput output(**files, **source, request);
  absl::StatusOr<std::unique_ptr<Engine>> engine =
      Engine::Create(config, request.workers, !request.flows.empty(), output);
  if (!engine.ok()) return Fail(engine.status(), ExitStatus::kUsage);
  if (request.real_time) {
    PacedSource paced(**source);
    (*engine)->Run(paced);
  } else {
    (*engine)->Run(**source);
  }
  ExitStatus exit = ExitStatus::kDone;
  for (const ReplayFault& fault : (*source)->faults()) {
    exit = ExitStatus::kInputIncomplete;
    std::cerr << "vedette replay: " << Shown(fault.ToString()) << "\n";
  }
  const absl::Status written = (*files)->Finish();
  if (!written.ok()) return Fail(written, ExitStatus::kFailed);
  return static_cast<int>(exit);
}

}  // namespace vedette
