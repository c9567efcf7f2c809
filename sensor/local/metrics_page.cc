#include "sensor/local/metrics_page.h"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>

#include <initializer_list>
#include <set>
#include <sstream>
#include <utility>

#include "dataplane/decode/decode_status.h"
#include "detectors/registry.h"
#include "sensor/local/sensor_state.h"
#include "sensor/models/model_refusal.h"

namespace vedette {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Families in the order they are begun; each value goes to the one begun last.
class Page {
 public:
  Page& Counter(const char* name, const char* help) {
    return Begin(name, help, MetricType::Counter);
  }
  Page& Gauge(const char* name, const char* help) { return Begin(name, help, MetricType::Gauge); }
  Page& Histogram(const char* name, const char* help) {
    return Begin(name, help, MetricType::Histogram);
  }

  template <typename T>
  Page& Is(T value, Labels labels = {}) {
    ClientMetric& metric = New(std::move(labels));
    const auto number = static_cast<double>(value);
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = number;
    } else {
      metric.gauge.value = number;
    }
    return *this;
  }
  void Is(const LatencyReading& latency, Labels labels);
  void Each(const CountMap& counts, const char* label) {
    for (const auto& [name, count] : counts) Is(count, {{label, name}});
  }
  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  Page& Begin(const char* name, const char* help, MetricType type) {
    families_.push_back({.name = name, .help = help, .type = type, .metric = {}});
    return *this;
  }
  ClientMetric& New(Labels labels) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  std::vector<MetricFamily> families_;
};

void Page::Is(const LatencyReading& latency, Labels labels) {
  auto& histogram = New(std::move(labels)).histogram;
  uint64_t below = 0;
  // The last step holds all that took longer than the one before ends.
  for (size_t step = 0; step + 1 < kLatencySteps; ++step) {
    below += latency.steps[step];
    histogram.bucket.push_back({below, static_cast<double>(uint64_t{1} << step) * 1e-3});
  }
  histogram.sample_count = below + latency.steps.back();
  histogram.sample_sum = static_cast<double>(latency.sum_ms) * 1e-3;
}

// All names there can be, so that a series is there before its first count.
const std::set<std::string>& Layers() {
  static const auto* const layers = [] {
    auto* all = new std::set<std::string>;
    for (const auto& status : kDecodeStatuses) {
      const bool counted =
          status.klass == DecodeClass::kMalformed || status.klass == DecodeClass::kIrregular;
      if (counted) all->insert(std::string(status.wire_name.substr(0, status.wire_name.find('.'))));
    }
    return all;
  }();
  return *layers;
}

template <typename Names>
CountMap WithZeros(const CountMap& counts, const Names& names) {
  CountMap all = counts;
  for (const auto& name : names) all.try_emplace(std::string(name), 0);
  return all;
}

constexpr const char* kDropped[] = {"kernel",  "nic_errors", "nic_missed",
                                    "no_mbuf", "other",      "ring_full"};
constexpr const char* kClasses[] = {"cut_by_us", "malformed", "ok", "unsupported"};
constexpr const char* kPolicyDecisions[] = {"adjusted", "allowed", "below_limit", "suppressed"};

double InSeconds(int64_t ms) { return static_cast<double>(ms) * 1e-3; }

void AddSensor(const Snapshot& s, absl::Time now, Page& page) {
  page.Gauge("vedette_sensor_info", "Always 1; who this is.")
      .Is(1,
          {{"sensor", s.sensor}, {"site", s.site}, {"version", s.version}, {"source", s.source}});
  page.Gauge("vedette_start_time_seconds", "When the sensor was started, since 1970 UTC.")
      .Is(InSeconds(s.boot_ms));
  page.Gauge("vedette_config_generation", "Of the configuration: one more with each reload.")
      .Is(s.generation);
  page.Gauge("vedette_last_interval_age_seconds",
             "Since the control thread ended an interval; more than a few means that it hangs.")
      .Is(absl::ToDoubleSeconds(now - s.made));
  page.Counter("vedette_intervals_total", "Intervals of a second that were judged.").Is(s.ticks);
  page.Gauge("vedette_last_packet_age_seconds", "Since the last second that had a packet.")
      .Is(absl::ToDoubleSeconds(now - s.last_packet));
}

void AddPackets(const Snapshot& s, Page& page) {
  const HealthTotals& totals = s.totals;
  page.Counter("vedette_packets_received_total", "Packets that the interfaces have seen.")
      .Is(totals.received);
  page.Counter("vedette_packets_processed_total", "Packets that were decoded and tracked.")
      .Is(totals.processed);
  page.Counter("vedette_received_bytes_total", "Bytes on the wire of the packets processed.")
      .Is(totals.bytes);
  page.Counter("vedette_packets_dropped_total",
               "Packets received and not processed, by where they were lost.")
      .Each(WithZeros(totals.dropped, kDropped), "reason");
  page.Counter("vedette_packets_decoded_total", "Packets processed, by what decoding came to.")
      .Each(WithZeros(totals.decoded, kClasses), "class");
  page.Counter("vedette_irregularities_total", "Irregularities found in packets, by layer.")
      .Each(WithZeros(totals.irregularities, Layers()), "layer");
  page.Counter("vedette_duplicate_packets_total", "Second copies of packets, not counted twice.")
      .Is(totals.duplicates);
  page.Counter("vedette_health_windows_total", "Windows of ten seconds that the sums are of.")
      .Is(totals.windows);
  page.Gauge("vedette_home_packets_ratio", "Share of packets that touch a home network.")
      .Is(s.health.home_share);
  page.Gauge("vedette_one_way_flows_ratio", "Share of ended flows of which one side was seen.")
      .Is(s.health.one_way_share);
  page.Gauge("vedette_queue_skew_ratio", "Packets of the busiest queue over the mean of all.")
      .Is(s.health.queue_skew);
}

void AddTables(const Snapshot& s, Page& page) {
  page.Gauge("vedette_table_entries", "Entries of a table in use.")
      .Is(s.health.flows, {{"table", "flows"}})
      .Is(s.health.devices, {{"table", "devices"}});
  page.Gauge("vedette_table_entries_limit", "Entries that a table can hold.")
      .Is(s.health.flows_max, {{"table", "flows"}})
      .Is(s.health.devices_max, {{"table", "devices"}});
  page.Counter("vedette_table_evictions_total", "Entries given away because the table was full.")
      .Is(s.totals.flows_evicted, {{"table", "flows"}})
      .Is(s.totals.devices_evicted, {{"table", "devices"}});
  page.Gauge("vedette_listed_devices", "Devices that the local interface can list.")
      .Is(s.devices == nullptr ? 0 : s.devices->size());
}

void AddAlerts(const Snapshot& s, Page& page) {
  page.Gauge("vedette_alerts_open", "Alerts open now, by severity.");
  std::map<std::string, int64_t> by_severity;
  for (const char* severity : {"low", "medium", "high", "critical"}) by_severity[severity] = 0;
  for (const AlertPointer& alert : s.open) {
    if (const auto at = by_severity.find(alert->severity); at != by_severity.end()) ++at->second;
  }
  page.Each(by_severity, "severity");
  page.Counter("vedette_alerts_opened_total", "Alerts opened, by kind.");
  // The kinds are those of the registry: no more, whatever was told.
  for (const absl::string_view kind : Detectors::Names()) {
    const auto at = s.alerts_opened.find(std::string(kind));
    page.Is(at == s.alerts_opened.end() ? 0 : at->second, {{"kind", std::string(kind)}});
  }
}

int64_t CountOf(const CountMap& counts, const char* name) {
  const auto at = counts.find(name);
  return at == counts.end() ? 0 : at->second;
}

void AddPolicy(const Snapshot& s, Page& page) {
  page.Gauge("vedette_policy_entries", "Entries of the policy; expired ones decide nothing.")
      .Is(CountOf(s.health.policy, "entries"), {{"state", "all"}})
      .Is(CountOf(s.health.policy, "expired"), {{"state", "expired"}});
  page.Counter("vedette_policy_decisions_total", "What entries of the policy did to alerts.");
  for (const char* decision : kPolicyDecisions) {
    page.Is(CountOf(s.health.policy, decision), {{"decision", decision}});
  }
}

void AddModels(const Snapshot& s, Page& page) {
  page.Gauge("vedette_models", "Learned models in use.").Is(s.health.models);
  page.Gauge("vedette_model_set_info", "Always 1; which models are in use.")
      .Is(1, {{"set", s.health.model_set}});
  page.Counter("vedette_models_refused_total", "Messages that were not taken, by reason.");
  for (const ModelRefusalText& refusal : kModelRefusals) {
    const std::string reason(refusal.wire_name);
    page.Is(CountOf(s.health.models_refused, reason.c_str()), {{"reason", reason}});
  }
}

void AddInterfaces(const Snapshot& s, Page& page) {
  page.Gauge("vedette_interface_up", "1 while the interface is up and captured.");
  for (const InterfaceRow& row : s.interfaces) {
    page.Is(row.link == LinkState::kUp && row.capturing ? 1 : 0, {{"interface", row.name}});
  }
  page.Counter("vedette_interface_interruptions_total",
               "Times the interface went down, was removed, or could not be read.");
  for (const InterfaceRow& row : s.interfaces)
    page.Is(row.interruptions, {{"interface", row.name}});
  page.Counter("vedette_interface_reopenings_total", "Times the interface was opened again.");
  for (const InterfaceRow& row : s.interfaces) page.Is(row.reopenings, {{"interface", row.name}});
}

// One family over all sinks and topics.
template <typename CountOf>
void AddTopics(const Snapshot& s, Page& page, CountOf count_of) {
  for (const SinkRow& sink : s.sinks) {
    for (size_t i = 0; i < kTopicCount; ++i) {
      page.Is(count_of(sink.accounts.topics[i]),
              {{"sink", sink.name}, {"topic", std::string(kTopicNames[i])}});
    }
  }
}

template <typename ValueOf>
void AddSinks(const Snapshot& s, Page& page, ValueOf value_of) {
  for (const SinkRow& sink : s.sinks) page.Is(value_of(sink), {{"sink", sink.name}});
}

void AddEvents(const Snapshot& s, Page& page) {
  page.Counter("vedette_events_made_total", "Events given to a sink.");
  AddTopics(s, page, [](const EventCounts& c) { return c.made; });
  page.Counter("vedette_events_delivered_total", "Events that a sink's destination confirmed.");
  AddTopics(s, page, [](const EventCounts& c) { return c.delivered; });
  page.Gauge("vedette_events_waiting", "Events that wait for delivery, in memory or in the spool.");
  AddTopics(s, page, [](const EventCounts& c) { return c.spooled; });
  page.Counter("vedette_events_dropped_total", "Events lost for good, by reason.");
  for (const SinkRow& sink : s.sinks) {
    for (size_t i = 0; i < kDropReasonCount; ++i) {
      page.Is(sink.accounts.dropped_by[i],
              {{"sink", sink.name}, {"reason", std::string(kDropReasonNames[i])}});
    }
  }
  page.Histogram("vedette_event_latency_seconds", "From an event's packets to its delivery.");
  AddSinks(s, page, [](const SinkRow& sink) { return sink.from_packets; });
}

void AddExport(const Snapshot& s, Page& page) {
  page.Gauge("vedette_sink_queue_events", "Events in a sink's queue in memory.");
  AddSinks(s, page, [](const SinkRow& sink) { return sink.queued; });
  page.Gauge("vedette_sink_in_flight_events", "Events sent and not yet confirmed.");
  AddSinks(s, page, [](const SinkRow& sink) { return sink.in_flight; });
  page.Gauge("vedette_spool_bytes", "Size of what waits on disk.");
  AddSinks(s, page, [](const SinkRow& sink) { return sink.spool_bytes; });
  page.Gauge("vedette_spool_limit_bytes", "Size that the spool may have.");
  for (const SinkRow& sink : s.sinks) {
    if (sink.spool_bytes_max != 0) page.Is(sink.spool_bytes_max, {{"sink", sink.name}});
  }
  page.Gauge("vedette_spool_events", "Events that wait on disk.");
  AddSinks(s, page, [](const SinkRow& sink) { return sink.spool_events; });
  page.Gauge("vedette_spool_age_seconds",
             "Age of the oldest event on disk; 0: the spool is empty.");
  AddSinks(s, page, [](const SinkRow& sink) { return InSeconds(sink.spool_age_ms); });
  page.Counter("vedette_spool_quarantined_total", "Entries of the spool found damaged.");
  AddSinks(s, page, [](const SinkRow& sink) { return sink.spool_quarantined; });
  page.Counter("vedette_earlier_events_delivered_total", "Events of an earlier run, delivered.");
  AddSinks(s, page, [](const SinkRow& sink) { return sink.inherited_delivered; });
  page.Counter("vedette_earlier_events_dropped_total", "Events of an earlier run, lost for good.");
  AddSinks(s, page, [](const SinkRow& sink) { return sink.inherited_dropped; });
  page.Gauge("vedette_sink_round_trip_seconds", "To the broker and back.");
  AddSinks(s, page, [](const SinkRow& sink) { return InSeconds(sink.round_trip_ms); });
}

void AddProcess(const Snapshot& s, const RequestCounts& requests, Page& page) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  page.Counter("vedette_cpu_seconds_total", "Processor time used, by mode.")
      .Is(seconds(usage.ru_utime), {{"mode", "user"}})
      .Is(seconds(usage.ru_stime), {{"mode", "system"}});
  page.Gauge("vedette_memory_bytes", "Resident memory of the process.").Is(s.health.memory_bytes);
  page.Gauge("vedette_clock_offset_seconds",
             "The host's clock minus the time that packets are given.")
      .Is(static_cast<double>(s.health.clock_offset_us) * 1e-6);
  page.Gauge("vedette_clock_info", "Always 1; where times come from.")
      .Is(1, {{"source", s.health.clock_source}});
  page.Counter("vedette_local_requests_total", "Requests to the local interface, by outcome.")
      .Is(requests.answered, {{"outcome", "answered"}})
      .Is(requests.refused, {{"outcome", "refused"}})
      .Is(requests.timed_out, {{"outcome", "timed_out"}})
      .Is(requests.turned_away, {{"outcome", "turned_away"}});
}

// A family without a sample would be a name alone.
void RemoveEmpty(std::vector<MetricFamily>& families) {
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
}

}  // namespace

std::vector<MetricFamily> MetricsOf(const Snapshot* snapshot, const RequestCounts& requests,
                                    absl::Time now) {
  const SensorState state = StateOf(snapshot, now);
  Page page;
  page.Gauge("vedette_live", "1 while intervals end.").Is(state.live ? 1 : 0);
  page.Gauge("vedette_ready", "1 while the sensor does its work; /health says why not.")
      .Is(state.ready ? 1 : 0);
  if (snapshot != nullptr) {
    AddSensor(*snapshot, now, page);
    AddPackets(*snapshot, page);
    AddTables(*snapshot, page);
    AddAlerts(*snapshot, page);
    AddPolicy(*snapshot, page);
    AddModels(*snapshot, page);
    AddInterfaces(*snapshot, page);
    AddEvents(*snapshot, page);
    AddExport(*snapshot, page);
    AddProcess(*snapshot, requests, page);
  }
  std::vector<MetricFamily> families = page.Take();
  RemoveEmpty(families);
  return families;
}

size_t SeriesOf(const std::vector<MetricFamily>& families) {
  size_t series = 0;
  for (const MetricFamily& family : families) {
    for (const ClientMetric& metric : family.metric) {
      // Of a histogram: its steps, the one without end, sum and count.
      const bool histogram = family.type == MetricType::Histogram;
      series += histogram ? metric.histogram.bucket.size() + 3 : 1;
    }
  }
  return series;
}

std::string MetricsText(const std::vector<MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace vedette
