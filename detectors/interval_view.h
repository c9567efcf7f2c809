// One interval of the whole sensor after the merge: what detectors' cold halves judge. Built by
// sensor/merge once a tick of one second of the source's time; seconds in which nothing arrived
// have no view, so a detector must look at begin_us and never count calls. Everything is sorted by
// key, never by arrival: the same for any number of workers. Borrowed: valid during Evaluate.
#ifndef VEDETTE_DETECTORS_INTERVAL_VIEW_H_
#define VEDETTE_DETECTORS_INTERVAL_VIEW_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "dataplane/inspect/observations.h"
#include "dataplane/track/home_networks.h"
#include "dataplane/worker/shard_window.h"
#include "detectors/device_models.h"
#include "detectors/device_window.h"

namespace vedette {

// An endpoint's rows of all shards, added up.
struct EndpointInterval {
  EndpointKey key;
  bool home = false;
  bool mac_known = false;
  MacAddress mac;
  uint64_t mac_seen_us = 0;
  uint64_t first_us = 0, last_us = 0;  // of packets it sent; 0: none
  EndpointCounters counters;
  DistinctBitmap<512> sources_in, ports_out;
};

// What detectors may know of a content pattern.
struct PatternLabel {
  std::string name;
  std::string severity;
  double minimum = 1;  // distinct matches to one destination
};

struct IntervalView {
  uint64_t begin_us = 0, end_us = 0;  // whole seconds, end exclusive
  bool first = false;                 // the source's first interval
  bool starved = false;               // no packets, or a hundredth lost: judge no absence
  absl::Span<const EndpointInterval> endpoints;  // by key
  absl::Span<const EgressPair> egress;           // by device, destination
  absl::Span<const AttemptPair> attempts;        // by source, target
  absl::Span<const Contact> contacts;            // by start, then all fields
  absl::Span<const DnsMessage> dns;              // by arrival, then all fields
  absl::Span<const NameSighting> names;
  absl::Span<const ContentMatch> matches;              // by arrival, then flow
  bool digests_are_hmacs = false;                      // of matches: evidence may hold them
  absl::Span<const PatternLabel> patterns;             // by ContentMatch::pattern
  absl::Span<const IrregularityCount> irregularities;  // by sender, kind
  // Of devices with a model, which ended before this interval; by device.
  absl::Span<const DeviceWindow> windows;
  uint64_t device_window_us = 0;   // how long each is: models know of no shorter silence
  DeviceModels* models = nullptr;  // null: nobody has any
  ShardCounters totals;
  const HomeNetworks* home_networks = nullptr;

  double seconds() const { return static_cast<double>(end_us - begin_us) * 1e-6; }
  // Null: there is none, or it is not valid now.
  const DeviceModel* ModelOf(const EndpointKey& key) const {
    return models == nullptr ? nullptr : models->ModelOf(key, begin_us);
  }
  const EndpointInterval* Find(const EndpointKey& key) const {
    const auto at =
        std::lower_bound(endpoints.begin(), endpoints.end(), key,
                         [](const EndpointInterval& e, const EndpointKey& k) { return e.key < k; });
    return at != endpoints.end() && at->key == key ? &*at : nullptr;
  }
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_INTERVAL_VIEW_H_
