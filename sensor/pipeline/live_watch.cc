#include "sensor/pipeline/live_watch.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <ctime>
#include <utility>

#include "sensor/event/text_safety.h"
#include "sensor/pipeline/replay_request.h"

namespace vedette {
namespace {

constexpr long kLookEveryNs = 200'000'000;
constexpr uint64_t kLossesEveryUs = 60'000'000;

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

const char* TextOf(InterfaceLink link, bool reopens) {
  switch (link) {
    case InterfaceLink::kUp:
      return "is up";
    case InterfaceLink::kDown:
      return "is down; waiting for it to come up";
    case InterfaceLink::kMissing:
      return reopens ? "is gone; waiting for it to come back"
                     : "is gone; restart the sensor when it is back, the others go on";
  }
  return "";
}

}  // namespace

void BlockSignals() {
  const sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

LiveWatch::LiveWatch(LiveSources& live, WatchCalls calls)
    : live_(live), calls_(std::move(calls)), signals_(WatchedSignals()) {
  TellStates();
  thread_ = std::jthread([this](const std::stop_token& ended) { Watch(ended); });
}

LiveWatch::~LiveWatch() {
  thread_.request_stop();
  thread_.join();
  TellStates();
}

void LiveWatch::Watch(const std::stop_token& ended) {
  while (!ended.stop_requested()) {
    const timespec wait = {.tv_sec = 0, .tv_nsec = kLookEveryNs};
    const int signal = sigtimedwait(&signals_, nullptr, &wait);
    if (signal > 0) OnSignal(signal);
    TellStates();
  }
}

void LiveWatch::OnSignal(int signal) {
  const char* name = strsignal(signal);
  if (signal == SIGHUP) {
    if (stopped_by_ == 0) calls_.reload();
    return;
  }
  if (stopped_by_ != 0) {
    spdlog::error("{} again: ending at once, with events unwritten", name);
    _exit(static_cast<int>(ExitStatus::kFailed));
  }
  stopped_by_ = signal;
  spdlog::info("{}: stopping", name);
  calls_.stopping();
  for (const auto& source : live_.sources) source->Stop();
}

std::string LiveWatch::reason() const {
  const int signal = stopped_by_;
  if (signal == 0) return "the end of every source";
  return signal == SIGTERM ? "SIGTERM" : "SIGINT";
}

void LiveWatch::TellStates() {
  uint64_t lost = 0;
  for (const PortState& port : live_.states()) {
    Port& known = ports_[port.name];
    lost += port.losses.total();
    const InterfaceState& now = port.state;
    const std::string name = Printable(port.name);
    if (now.reopenings != known.state.reopenings) {
      spdlog::warn("interface {} is opened again, {} times by now", name, now.reopenings);
    } else if (now.interruptions != known.state.interruptions && now.link == known.state.link) {
      spdlog::warn("interface {} was interrupted, {} times by now", name, now.interruptions);
    }
    if (now.link == InterfaceLink::kUp && !now.capturing && known.state.capturing) {
      spdlog::warn("interface {} is up and cannot be opened; trying each second", name);
    }
    if (now.link != known.state.link || !known.known) {
      const auto level = now.link == InterfaceLink::kUp ? spdlog::level::info : spdlog::level::warn;
      spdlog::log(level, "interface {} {}", name, TextOf(now.link, port.reopens));
    }
    known = {now, true};
  }
  TellLosses(lost);
}

// The first at once, then one line a minute: health events have them all.
void LiveWatch::TellLosses(uint64_t lost) {
  if (lost == lost_told_) return;
  const uint64_t now_us = ReadHostTime().steady_us;
  if (lost_told_ != 0 && now_us - lost_told_at_us_ < kLossesEveryUs) return;
  spdlog::warn("{} packets lost before they were read, {} in all; see health events' dropped",
               lost - lost_told_, lost);
  lost_told_ = lost;
  lost_told_at_us_ = now_us;
}

}  // namespace vedette
