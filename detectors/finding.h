// What a detector says about one interval: what was seen, how much, against which limit - enough
// to argue with. A detector says it again in every interval in which it holds; alert life
// (sensor/event) makes one alert of it: open, updates, close after calm.
#ifndef VEDETTE_DETECTORS_FINDING_H_
#define VEDETTE_DETECTORS_FINDING_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "dataplane/track/endpoint_row.h"
#include "dataplane/track/flow.h"

namespace vedette {

enum class Severity : uint8_t { kLow, kMedium, kHigh, kCritical };
// What `subject` is in the story: dos.* the target, corruption.address_conflict the owner so far,
// all others the actor.
enum class Role : uint8_t { kTarget, kActor, kOwner };

struct FindingPeer {
  EndpointKey endpoint;
  double weight = 0;  // packets, bytes or attempts: of one sort within a finding
};

struct Finding {
  absl::string_view kind;  // a static string: D::kName
  EndpointKey subject;
  uint8_t prefix_length = 128;  // below 128: the prefix of subject.ip as a whole (carpet bombing)
  Severity severity = Severity::kMedium;
  double score = 0.5;  // 0..1: how sure
  Role role = Role::kActor;
  uint64_t start_us = 0;           // when it began, as far as the detector knows
  uint64_t last_us = 0;            // last evidence, within the interval
  std::string service;             // "tcp/443", empty: none
  std::vector<FindingPeer> peers;  // the heaviest, at most 10
  uint64_t peer_count = 0;
  uint64_t packets = 0, bytes = 0;  // of this interval; alert life adds them up
  // One sentence for a person, with figures and no address: alert life puts the device in front.
  // "received 20,569 SYNs in 1 s that nobody completed (limit 100), from about 18,000 sources"
  std::string message;
  double measured = 0, limit = 0, baseline = 0;
  std::string unit;
  uint64_t window_ms = 1000;
  double excess = 0;  // of an alert's findings the greatest gives the evidence; 0: measured / limit
  std::vector<std::pair<std::string, std::string>> detail;
  std::vector<FlowKey> flows;  // at most 10
  std::string model_id;        // of the model that gave the limit
  // How long after the last finding the alert closes; 0: the default of alert life.
  uint64_t calm_ms = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_FINDING_H_
