#include "sensor/service/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace vedette {
namespace {

// A manager that does not listen is no fault of ours, and there is nobody to tell.
void Notify(const std::string& lines) { sd_notify(0, lines.c_str()); }

// A line break would begin a message of its own.
std::string StatusLine(const std::string& status) {
  return absl::StrCat("STATUS=", absl::StrReplaceAll(status, {{"\n", " "}}), "\n");
}

// The clock that the protocol asks for.
uint64_t MonotonicUs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace

void ServiceManager::Ready(const std::string& status) const {
  Notify(absl::StrCat("READY=1\n", StatusLine(status)));
}

void ServiceManager::Reloading() const {
  Notify(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", MonotonicUs(),
                      "\nSTATUS=reading the configuration again\n"));
}

void ServiceManager::Stopping(const std::string& status) const {
  Notify(absl::StrCat("STOPPING=1\n", StatusLine(status)));
}

void ServiceManager::Status(const std::string& status) const { Notify(StatusLine(status)); }

void ServiceManager::Alive() const { Notify("WATCHDOG=1\n"); }

void ServiceManager::ExtendTimeout(absl::Duration by) const {
  Notify(absl::StrCat("EXTEND_TIMEOUT_USEC=", absl::ToInt64Microseconds(by), "\n"));
}

absl::Duration ServiceManager::WatchdogInterval() {
  uint64_t interval_us = 0;
  if (sd_watchdog_enabled(0, &interval_us) <= 0) return absl::ZeroDuration();
  return absl::Microseconds(static_cast<int64_t>(interval_us));
}

}  // namespace vedette
