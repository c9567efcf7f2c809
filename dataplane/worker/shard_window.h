// Everything one shard hands over for one interval. Filled by its worker, then read by the
// control thread, then given back cleared; two of them a shard. The detectors' hot states travel
// beside it (Worker's Observe parameter), so that this header knows no detector.
#ifndef VEDETTE_DATAPLANE_WORKER_SHARD_WINDOW_H_
#define VEDETTE_DATAPLANE_WORKER_SHARD_WINDOW_H_

#include <cstdint>

#include "dataplane/inspect/observations.h"
#include "dataplane/track/contact.h"
#include "dataplane/track/endpoint_table.h"
#include "dataplane/track/pair_tables.h"
#include "dataplane/track/shard_counters.h"

namespace vedette {

inline constexpr size_t kShards = 16;

struct ShardWindow {
  ShardCounters counters;
  uint64_t flows_active = 0;  // in the table at the mark
  EndpointTable endpoints;
  EgressTable egress;
  AttemptTable attempts;
  IrregularityTable irregularities;
  ContactLog contacts;
  DnsLog dns;
  NameLog names;
  MatchLog matches;

  void Clear() noexcept {
    counters = {};
    flows_active = 0;
    endpoints.Clear();
    egress.Clear();
    attempts.Clear();
    irregularities.Clear();
    contacts.Clear();
    dns.Clear();
    names.Clear();
    matches.Clear();
  }
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_SHARD_WINDOW_H_
