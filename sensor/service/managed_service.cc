#include "sensor/service/managed_service.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

// Beyond what the sinks may take: files are closed, state is written.
constexpr absl::Duration kStopBesideSinks = absl::Seconds(10);

void AppendSink(const Sink& sink, std::string& text) {
  absl::StrAppend(&text, sink.name());
  const int64_t waiting = sink.gauges().spool_events.load(std::memory_order_relaxed);
  if (waiting > 0) absl::StrAppend(&text, " (", waiting, " wait in the spool)");
}

}  // namespace

std::vector<ThreadTurns> TurnsOf(const EngineProgress& progress, const Exporter* exporter) {
  std::vector<ThreadTurns> turns;
  for (size_t i = 0; i < progress.workers.size(); ++i) {
    turns.push_back({absl::StrCat("worker ", i), progress.workers[i]});
  }
  if (progress.reader != 0) turns.push_back({"reader", progress.reader});
  turns.push_back({"control", progress.control});
  if (progress.models != 0) turns.push_back({"models", progress.models});
  if (exporter == nullptr) return turns;
  for (const auto& sink : exporter->sinks()) {
    turns.push_back({absl::StrCat("sink ", sink->name()), sink->turns()});
  }
  return turns;
}

std::string StatusText(const ServiceFigures& figures, const Exporter* exporter) {
  std::string text = absl::StrCat(figures.packets_per_second, " packets/s, ", figures.lost,
                                  " lost, ", figures.alerts_open, " alerts open; events to ");
  if (exporter == nullptr || exporter->sinks().empty()) return text + "the command line's files";
  const auto& sinks = exporter->sinks();
  for (size_t i = 0; i < sinks.size(); ++i) {
    if (i > 0) text += " and ";
    AppendSink(*sinks[i], text);
  }
  return text;
}

void ManagedService::LookAt(std::function<EngineProgress()> progress, const Exporter* exporter,
                            absl::Duration stop_wait) {
  progress_ = std::move(progress);
  exporter_ = exporter;
  stop_wait_ = stop_wait;
}

// Not again when a reload and a stop meet: systemd has heard of the stop.
void ManagedService::OnReady() {
  if (stopping_) return;
  manager_.Ready(Status());
  if (watch_.has_value()) return;
  watch_.emplace(ServiceWatch::Asked{
      .turns = [this] { return TurnsOf(progress_(), exporter_); },
      .status = [this] { return Status(); },
  });
}

void ManagedService::OnReloading() { manager_.Reloading(); }

void ManagedService::OnStopping() {
  if (stopping_.exchange(true)) return;  // told by the signal, and again when the loop has ended
  const absl::Duration stop_max = stop_wait_ + kStopBesideSinks;
  manager_.Stopping("stopping: what is not delivered yet goes to the spool");
  manager_.ExtendTimeout(stop_max);
  if (watch_.has_value()) watch_->LetStop(stop_max);
}

void ManagedService::OnInterval(const IntervalView& view, const IdentityOf&) {
  const double seconds = view.seconds();
  if (seconds <= 0) return;
  packets_per_second_ =
      static_cast<uint64_t>(static_cast<double>(view.totals.packets) / seconds + 0.5);
}

void ManagedService::OnAlert(const AlertEvent& event) {
  if (event.state == "open") ++alerts_open_;
  if (event.state == "close") --alerts_open_;
}

// Sets right what an alert that was open before this start has made wrong.
void ManagedService::OnHealth(const HealthEvent& event) {
  lost_ += event.packets_received - event.packets_processed;
  alerts_open_ = event.alerts_open;
}

std::string ManagedService::Status() const {
  return StatusText(
      {.packets_per_second = packets_per_second_, .lost = lost_, .alerts_open = alerts_open_},
      exporter_);
}

}  // namespace vedette
