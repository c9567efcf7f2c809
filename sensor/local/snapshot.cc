#include "sensor/local/snapshot.h"

#include <chrono>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "dataplane/decode/decode_status.h"

namespace vedette {
namespace {

const char* NameOf(DecodeClass klass) {
  switch (klass) {
    case DecodeClass::kOk:
      return "ok";
    case DecodeClass::kUnsupported:
      return "unsupported";
    case DecodeClass::kCutByUs:
      return "cut_by_us";
    case DecodeClass::kMalformed:
      return "malformed";
    case DecodeClass::kIrregular:
      return "irregular";
  }
  return "";
}

const std::map<std::string, std::string>& ClassByStatus() {
  static const auto* const classes = [] {
    auto* all = new std::map<std::string, std::string>;
    for (const auto& status : kDecodeStatuses) {
      all->emplace(std::string(status.wire_name), NameOf(status.klass));
    }
    return all;
  }();
  return *classes;
}

}  // namespace

void DeviceRow::Counts::Add(const DeviceEvent& event) {
  packets_in += event.packets_in;
  packets_out += event.packets_out;
  bytes_in += event.bytes_in;
  bytes_out += event.bytes_out;
  egress_bytes += event.egress_bytes;
  ingress_bytes += event.ingress_bytes;
  flows_opened += event.flows_opened;
  flows_unanswered += event.flows_unanswered;
  flows_refused += event.flows_refused;
  dns_queries += event.dns_queries;
  malformed_packets += event.malformed_packets;
}

// Reasons are few and fixed, statuses are many: those are added up by class, irregularities by
// layer.
void HealthTotals::Add(const HealthEvent& event) {
  ++windows;
  received += event.packets_received;
  processed += event.packets_processed;
  bytes += event.bytes_received;
  duplicates += event.duplicates;
  flows_evicted += event.flows_evicted;
  devices_evicted += event.devices_evicted;
  for (const auto& [reason, count] : event.dropped) dropped[reason] += count;
  for (const auto& [status, count] : event.decoded) {
    const auto klass = ClassByStatus().find(status);
    decoded[klass == ClassByStatus().end() ? "unsupported" : klass->second] += count;
  }
  for (const auto& [name, count] : event.irregularities) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(name, absl::MaxSplits('.', 1));
    irregularities[parts.first] += count;
  }
}

absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

void SnapshotBoard::Publish(std::shared_ptr<const Snapshot> snapshot) {
  // The picture before may be large: it goes when the lock is free again.
  std::shared_ptr<const Snapshot> before = std::move(snapshot);
  const std::lock_guard lock(mutex_);
  last_.swap(before);
}

std::shared_ptr<const Snapshot> SnapshotBoard::Last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace vedette
