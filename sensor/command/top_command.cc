#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <ostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "detectors/near_name.h"
#include "sensor/command/local_command.h"
#include "sensor/console/sensor_answers.h"
#include "sensor/console/terminal_session.h"
#include "sensor/console/top_screen.h"
#include "sensor/report/terminal_text.h"

namespace vedette {
namespace {

constexpr absl::Duration kEvery = absl::Seconds(1);
constexpr int kAskedSecondsMax = 2;
constexpr size_t kPlainRows = 40;

bool IsSort(const std::string& sort) {
  return std::any_of(std::begin(kTopSorts), std::end(kTopSorts),
                     [&sort](const TopSort& one) { return sort == one.name; });
}

std::string Names() {
  return absl::StrJoin(kTopSorts, ", ", [](std::string* out, const TopSort& one) {
    absl::StrAppend(out, one.name);
  });
}

absl::Status Fetch(const SensorPlace& place, const std::string& sort, TopData& data) {
  const absl::StatusOr<std::string> sensor = AskSensor(place, "/api/sensor");
  if (!sensor.ok()) return sensor.status();
  const absl::StatusOr<std::string> alerts = AskSensor(place, "/api/alerts?state=open&limit=20");
  if (!alerts.ok()) return alerts.status();
  const absl::StatusOr<std::string> devices =
      AskSensor(place, absl::StrCat("/api/devices?limit=200&sort=", sort));
  if (!devices.ok()) return devices.status();
  absl::StatusOr<SensorFigures> figures = ReadSensorFigures(*sensor);
  absl::StatusOr<AlertList> alert_list = ReadAlertList(*alerts);
  absl::StatusOr<DeviceList> device_list = ReadDeviceList(*devices);
  absl::Status whole = figures.status();
  whole.Update(alert_list.status());
  whole.Update(device_list.status());
  if (!whole.ok()) return whole;
  data = {*std::move(figures), *std::move(alert_list), *std::move(device_list), ""};
  return absl::OkStatus();
}

// The live screen: asks once a second, draws when something has changed.
class LiveTop {
 public:
  LiveTop(SensorPlace place, std::string sort, TopData data)
      : place_(std::move(place)), data_(std::move(data)) {
    view_.sort = std::move(sort);
    view_.zone = absl::LocalTimeZone();
  }

  // The signal that ended it, or 0.
  int Run() {
    TerminalSession terminal;
    absl::Time next = absl::Now() + kEvery;
    while (Draw(terminal)) {
      const TerminalSession::Event event = terminal.Wait(next - absl::Now());
      if (event.signal != 0) return event.signal == SIGINT ? 0 : event.signal;
      if (event.closed || event.key == 'q' || event.key == 'Q') return 0;
      const bool sorted = OnKey(event.key);
      if (!sorted && absl::Now() < next) continue;
      if (!view_.paused || sorted) Refresh();
      next = absl::Now() + kEvery;
    }
    return 0;
  }

 private:
  // True where other devices are wanted now.
  bool OnKey(char key) {
    if (key == ' ') view_.paused = !view_.paused;
    const auto* const sort = std::find_if(std::begin(kTopSorts), std::end(kTopSorts),
                                          [key](const TopSort& one) { return one.key == key; });
    if (sort == std::end(kTopSorts)) return false;
    view_.sort = sort->name;
    return true;
  }

  void Refresh() {
    const absl::Status fetched = Fetch(place_, view_.sort, data_);
    if (!fetched.ok()) data_.fault = std::string(fetched.message());
  }

  bool Draw(TerminalSession& terminal) {
    view_.rows = terminal.rows();
    view_.now = absl::Now();
    return terminal.Draw(TopLines(data_, view_, StyleOf(STDOUT_FILENO)));
  }

  const SensorPlace place_;
  TopData data_;
  TopView view_;
};

}  // namespace

int RunTop(const LocalArguments& arguments, const CommandContext& context) {
  const std::string sort = arguments.sort.empty() ? "bytes" : arguments.sort;
  if (!IsSort(sort)) {
    return FailLocal(absl::InvalidArgumentError(
                         absl::StrCat("--sort: found ", Quoted(sort), ", allowed ", Names())),
                     context);
  }
  SensorPlace place = arguments.place;
  place.seconds_max = kAskedSecondsMax;
  if (arguments.json) {
    const absl::StatusOr<std::string> answer = AskSensor(place, "/api/sensor");
    if (!answer.ok()) return FailLocal(answer.status(), context);
    context.out << *answer << '\n';
    return static_cast<int>(ExitStatus::kDone);
  }
  TopData data;
  const absl::Status fetched = Fetch(place, sort, data);
  if (!fetched.ok()) return FailLocal(fetched, context);
  if (!TerminalSession::Possible()) {
    const TopView view{.rows = kPlainRows,
                       .sort = sort,
                       .keys = false,
                       .now = absl::Now(),
                       .zone = absl::LocalTimeZone()};
    for (const std::string& line : TopLines(data, view, StyleOf(STDOUT_FILENO))) {
      context.out << line << '\n';
    }
    return static_cast<int>(ExitStatus::kDone);
  }
  context.out.flush();
  const int signal = LiveTop(std::move(place), sort, std::move(data)).Run();
  // Whoever sent it sees that it ended the program; the terminal is as it was by now.
  if (signal != 0) raise(signal);
  return static_cast<int>(ExitStatus::kDone);
}

}  // namespace vedette
