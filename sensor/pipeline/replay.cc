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
#include "dataplane/capture/replay_source.h"
#include "sensor/export/file_export.h"
#include "sensor/pipeline/engine.h"
#include "sensor/pipeline/paced_source.h"
#include "sensor/report/progress.h"
#include "sensor/report/report_model.h"

namespace vedette {
namespace {

// Where a replay's events go: files, the report, the progress bar.
class ReplayOutput final : public EventSink {
 public:
  ReplayOutput(EventFiles& files, ReportCollector* report, ProgressBar* progress,
               const ReplaySource& source)
      : files_(files), report_(report), progress_(progress), source_(source) {}

  void OnInterval(const IntervalView& view, const IdentityOf& identify) override {
    packets_ += view.totals.packets;
    if (report_ != nullptr) report_->OnInterval(view, identify);
    if (progress_ != nullptr) {
      progress_->Update(source_.bytes_consumed(), source_.bytes_total(), packets_);
    }
  }
  void OnAlert(const AlertEvent& event) override {
    files_.Write(event);
    if (report_ != nullptr) report_->OnAlert(event);
  }
  void OnDevice(const DeviceEvent& event) override {
    files_.Write(event);
    if (report_ != nullptr) report_->OnDevice(event);
  }
  void OnFlow(const FlowEvent& event) override { files_.Write(event); }
  void OnHealth(const HealthEvent& event) override { files_.Write(event); }

 private:
  EventFiles& files_;
  ReportCollector* report_;
  ProgressBar* progress_;
  const ReplaySource& source_;
  uint64_t packets_ = 0;
};

int Fail(const absl::Status& status, ExitStatus exit) {
  std::cerr << "vedette replay: " << status.message() << "\n";
  return static_cast<int>(exit);
}

}  // namespace

}  // namespace vedette
