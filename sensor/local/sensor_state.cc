#include "sensor/local/sensor_state.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vedette {
namespace {

// Of the packets of a window; less is a burst, told by the metrics.
constexpr double kLostShareMax = 0.05;
constexpr int64_t kJudgedPacketsMin = 100;

std::string Seconds(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Seconds(duration), " s");
}

void JudgeInterfaces(const Snapshot& snapshot, std::vector<Reason>& reasons) {
  const auto& all = snapshot.interfaces;
  const bool any = std::any_of(all.begin(), all.end(), [](const InterfaceRow& row) {
    return row.link == LinkState::kUp && row.capturing;
  });
  if (any || all.empty()) return;
  const std::string names = absl::StrJoin(
      all, ", ", [](std::string* out, const InterfaceRow& row) { absl::StrAppend(out, row.name); });
  reasons.push_back({"no_interface", absl::StrCat("no interface is up and captured: ", names,
                                                  "; see ip link, and the log for why")});
}

void JudgeCapture(const Snapshot& snapshot, absl::Time now, std::vector<Reason>& reasons) {
  const HealthEvent& health = snapshot.health;
  const int64_t lost = health.packets_received - health.packets_processed;
  if (now - snapshot.last_packet > kSilenceMax) {
    reasons.push_back(
        {"capture_blind", absl::StrCat("no packet for ", Seconds(now - snapshot.last_packet),
                                       ": is the mirror port set up, does capture.bpf let anything "
                                       "pass?")});
  }
  if (health.packets_received < kJudgedPacketsMin) return;
  if (health.packets_processed == 0) {
    reasons.push_back({"capture_blind", absl::StrCat("all ", health.packets_received,
                                                     " packets of the last window were lost")});
  } else if (static_cast<double>(lost) >
             kLostShareMax * static_cast<double>(health.packets_received)) {
    reasons.push_back(
        {"capture_loss", absl::StrCat(lost, " of the ", health.packets_received,
                                      " packets of the last window were lost: more workers, a "
                                      "larger capture.buffer_mib; health's dropped says where")});
  }
}

}  // namespace

SensorState StateOf(const Snapshot* snapshot, absl::Time now) {
  SensorState state;
  if (snapshot == nullptr) {
    state.live = true;
    state.reasons.push_back({"starting", "no interval has ended yet"});
    return state;
  }
  const absl::Duration age = now - snapshot->made;
  state.live = snapshot->ended || age <= kTickAgeMax;
  if (!state.live) {
    state.reasons.push_back(
        {"stalled", absl::StrCat("no interval has ended for ", Seconds(age),
                                 ": a worker or the control thread hangs; restart the sensor")});
  }
  if (snapshot->ended) state.reasons.push_back({"stopping", "the sensor is being stopped"});
  JudgeInterfaces(*snapshot, state.reasons);
  JudgeCapture(*snapshot, now, state.reasons);
  for (const SinkRow& sink : snapshot->sinks) {
    if (now - sink.last_drop > kSilenceMax) continue;
    state.reasons.push_back(
        {"events_dropped",
         absl::StrCat(sink.name, " dropped events in the last ", Seconds(kSilenceMax), ": ",
                      sink.last_drop_reason, "; see the broker, the spool's size and the disk")});
  }
  state.ready = state.reasons.empty();
  return state;
}

}  // namespace vedette
