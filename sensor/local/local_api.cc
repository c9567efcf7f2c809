#include "sensor/local/local_api.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sensor/event/json_writer.h"
#include "sensor/local/query.h"
#include "sensor/local/sensor_state.h"

namespace vedette {

// Found by JsonWriter through their argument.
void WriteFields(const Reason& r, JsonWriter& writer) {
  writer.Field("name", r.name);
  writer.Field("message", r.message);
}

void WriteFields(const InterfaceRow& r, JsonWriter& writer) {
  static const auto* const links = new std::vector<std::string>{"up", "down", "missing"};
  writer.Field("name", r.name);
  writer.Field("link", (*links)[static_cast<size_t>(r.link)]);
  writer.Field("capturing", r.capturing);
  writer.Field("interruptions", r.interruptions);
  writer.Field("reopenings", r.reopenings);
  writer.Field("lost_packets", r.lost);
}

void WriteFields(const SecondRow& r, JsonWriter& writer) {
  writer.Field("begin_ms", r.begin_ms);
  writer.Field("packets", r.packets);
  writer.Field("bytes", r.bytes);
  writer.Field("lost_packets", r.lost);
}

void WriteFields(const DeviceRow::Counts& c, JsonWriter& writer) {
  writer.Field("packets_in", c.packets_in);
  writer.Field("packets_out", c.packets_out);
  writer.Field("bytes_in", c.bytes_in);
  writer.Field("bytes_out", c.bytes_out);
  writer.Field("egress_bytes", c.egress_bytes);
  writer.Field("ingress_bytes", c.ingress_bytes);
  writer.Field("flows_opened", c.flows_opened);
  writer.Field("flows_unanswered", c.flows_unanswered);
  writer.Field("flows_refused", c.flows_refused);
  writer.Field("dns_queries", c.dns_queries);
  writer.Field("malformed_packets", c.malformed_packets);
}

namespace {

// A device as it is listed: with the alerts that are open for it.
struct ListedDevice {
  DevicePointer row;
  int64_t alerts_open = 0;
};

void WriteFields(const ListedDevice& listed, JsonWriter& writer) {
  const DeviceRow& r = *listed.row;
  writer.Field("device", r.device);
  writer.Field("device_ip", r.ip);
  writer.Field("device_mac", r.mac);
  writer.Field("device_name", r.name);
  writer.Field("group", r.group);
  writer.Field("vlan", r.vlan);
  writer.Field("first_ms", r.first_ms);
  writer.Field("last_ms", r.last_ms);
  writer.Field("window_ms", r.window_ms);
  writer.Field("alerts_open", listed.alerts_open);
  writer.Field("peers_estimate", r.peers);
  writer.Field("destinations_estimate", r.destinations);
  writer.Field("window", r.window);
  writer.Field("sum", r.sum);
}

struct Picture {
  const Snapshot& snapshot;
  absl::Time now;
};

using Answering = std::function<absl::StatusOr<std::string>(const Picture&, const Query&)>;
struct Page {
  std::vector<absl::string_view> parameters;
  Answering answer;
};

// ---- alerts

constexpr absl::string_view kStates[] = {"open", "closed", "all"};
constexpr absl::string_view kSeverities[] = {"low", "medium", "high", "critical"};

size_t RankOf(absl::string_view severity) {
  const auto* const at = std::find(std::begin(kSeverities), std::end(kSeverities), severity);
  return static_cast<size_t>(at - std::begin(kSeverities));
}

// "dos" stands for every dos.*.
bool IsOfKind(const AlertEvent& alert, const std::string& kind) {
  return kind.empty() || alert.kind == kind || alert.category == kind;
}

bool IsAbout(const AlertEvent& alert, const std::string& device) {
  return device.empty() || alert.device == device || alert.device_ip == device ||
         alert.device_mac == device || alert.device_name == device;
}

// Open ones first, the worst first, then the latest; closed ones by their end.
std::vector<AlertPointer> AlertsOf(const Snapshot& snapshot, const std::string& state) {
  std::vector<AlertPointer> alerts;
  if (state != "closed") {
    alerts = snapshot.open;
    std::sort(alerts.begin(), alerts.end(), [](const AlertPointer& a, const AlertPointer& b) {
      const size_t rank_a = RankOf(a->severity), rank_b = RankOf(b->severity);
      if (rank_a != rank_b) return rank_a > rank_b;
      if (a->last_ms != b->last_ms) return a->last_ms > b->last_ms;
      return a->alert_id < b->alert_id;
    });
  }
  if (state != "open") {
    alerts.insert(alerts.end(), snapshot.closed.begin(), snapshot.closed.end());
  }
  return alerts;
}

void WriteHead(const Snapshot& snapshot, JsonWriter& writer) {
  writer.Field("schema", kEventSchema);
  writer.Field("sensor", snapshot.sensor);
  writer.Field("site", snapshot.site);
}

absl::StatusOr<std::string> AlertsPage(const Picture& picture, const Query& query) {
  const absl::StatusOr<std::string> state = query.Choice("state", kStates, "all");
  if (!state.ok()) return state.status();
  const absl::StatusOr<std::string> severity = query.Choice("severity", kSeverities, "low");
  if (!severity.ok()) return severity.status();
  const absl::StatusOr<size_t> limit = query.Count("limit", kListedMax, 100);
  if (!limit.ok()) return limit.status();
  std::string list;
  size_t matched = 0;
  for (const AlertPointer& alert : AlertsOf(picture.snapshot, *state)) {
    const bool wanted = RankOf(alert->severity) >= RankOf(*severity) &&
                        IsOfKind(*alert, query.Text("kind")) &&
                        IsAbout(*alert, query.Text("device"));
    if (!wanted || ++matched > *limit) continue;
    if (!list.empty()) list.push_back(',');
    AppendJson(*alert, list);
  }
  std::string body;
  JsonWriter writer(body);
  WriteHead(picture.snapshot, writer);
  writer.Field("open", picture.snapshot.open.size() + picture.snapshot.open_unlisted);
  writer.Field("matched", matched);
  absl::StrAppend(&body, ",\"alerts\":[", list, "]}");
  return body;
}

// ---- devices

using Measure = int64_t (*)(const ListedDevice&);
constexpr absl::string_view kSorts[] = {"bytes",  "bytes_in",     "bytes_out", "packets",
                                        "egress", "destinations", "flows",     "alerts",
                                        "last",   "total_bytes",  "name"};

Measure MeasureOf(absl::string_view sort) {
  static const auto* const measures = new std::map<absl::string_view, Measure>{
      {"bytes", [](const ListedDevice& d) { return d.row->window.bytes(); }},
      {"bytes_in", [](const ListedDevice& d) { return d.row->window.bytes_in; }},
      {"bytes_out", [](const ListedDevice& d) { return d.row->window.bytes_out; }},
      {"packets", [](const ListedDevice& d) { return d.row->window.packets(); }},
      {"egress", [](const ListedDevice& d) { return d.row->window.egress_bytes; }},
      {"destinations", [](const ListedDevice& d) { return d.row->destinations; }},
      {"flows", [](const ListedDevice& d) { return d.row->window.flows_opened; }},
      {"alerts", [](const ListedDevice& d) { return d.alerts_open; }},
      {"last", [](const ListedDevice& d) { return d.row->last_ms; }},
      {"total_bytes", [](const ListedDevice& d) { return d.row->sum.bytes(); }}};
  const auto at = measures->find(sort);
  return at == measures->end() ? nullptr : at->second;
}

bool Mentions(const DeviceRow& row, const std::string& text) {
  const auto holds = [&text](const std::string& field) {
    return absl::StrContains(absl::AsciiStrToLower(field), text);
  };
  return text.empty() || holds(row.device) || holds(row.ip) || holds(row.mac) || holds(row.name) ||
         holds(row.group);
}

// A device that was not in the last window has no traffic now.
std::vector<ListedDevice> DevicesOf(const Snapshot& snapshot, const std::string& search) {
  std::map<absl::string_view, int64_t> alerts;
  for (const AlertPointer& alert : snapshot.open) ++alerts[alert->device];
  int64_t newest_ms = 0;
  for (const DevicePointer& row : *snapshot.devices) newest_ms = std::max(newest_ms, row->last_ms);
  std::vector<ListedDevice> devices;
  for (const DevicePointer& row : *snapshot.devices) {
    if (!Mentions(*row, search)) continue;
    ListedDevice& listed = devices.emplace_back(ListedDevice{row});
    if (const auto at = alerts.find(row->device); at != alerts.end()) {
      listed.alerts_open = at->second;
    }
    if (row->last_ms == newest_ms) continue;
    auto quiet = std::make_shared<DeviceRow>(*row);
    quiet->window = {};
    quiet->peers = quiet->destinations = 0;
    listed.row = std::move(quiet);
  }
  return devices;
}

void Sort(const std::string& by, size_t limit, std::vector<ListedDevice>& devices) {
  const Measure measure = MeasureOf(by);
  const auto before = [measure](const ListedDevice& a, const ListedDevice& b) {
    if (measure != nullptr && measure(a) != measure(b)) return measure(a) > measure(b);
    if (measure == nullptr && a.row->name != b.row->name) {
      // Names first: who has none is no name's neighbour.
      if (a.row->name.empty() != b.row->name.empty()) return b.row->name.empty();
      return a.row->name < b.row->name;
    }
    return a.row->device < b.row->device;
  };
  const size_t kept = std::min(limit, devices.size());
  std::partial_sort(devices.begin(), devices.begin() + static_cast<std::ptrdiff_t>(kept),
                    devices.end(), before);
  devices.resize(kept);
}

absl::StatusOr<std::string> DevicesPage(const Picture& picture, const Query& query) {
  const absl::StatusOr<std::string> sort = query.Choice("sort", kSorts, "bytes");
  if (!sort.ok()) return sort.status();
  const absl::StatusOr<size_t> limit = query.Count("limit", kListedMax, 100);
  if (!limit.ok()) return limit.status();
  std::vector<ListedDevice> devices =
      DevicesOf(picture.snapshot, absl::AsciiStrToLower(query.Text("search")));
  const size_t matched = devices.size();
  Sort(*sort, *limit, devices);
  std::string body;
  JsonWriter writer(body);
  WriteHead(picture.snapshot, writer);
  writer.Field("known", picture.snapshot.devices->size());
  writer.Field("forgotten", picture.snapshot.devices_forgotten);
  writer.Field("matched", matched);
  writer.Field("devices", devices);
  writer.End();
  return body;
}

// ---- the sensor itself

absl::StatusOr<std::string> SensorPage(const Picture& picture, const Query&) {
  const Snapshot& s = picture.snapshot;
  const SensorState state = StateOf(&s, picture.now);
  std::string body;
  JsonWriter writer(body);
  WriteHead(s, writer);
  writer.Field("version", s.version);
  writer.Field("source", s.source);
  writer.Field("generation", s.generation);
  writer.Field("boot_ms", s.boot_ms);
  writer.Field("uptime_s", absl::ToInt64Seconds(picture.now - s.started));
  writer.Field("ready", state.ready);
  writer.Field("reasons", state.reasons);
  writer.Field("interfaces", s.interfaces);
  writer.Field("packets_received", s.totals.received);
  writer.Field("packets_processed", s.totals.processed);
  writer.Field("dropped", s.totals.dropped);
  writer.Field("alerts_open", s.open.size() + s.open_unlisted);
  writer.Field("seconds", s.seconds);
  absl::StrAppend(&body, ",\"health\":");
  AppendJson(s.health, body);
  body.push_back('}');
  return body;
}

// ---- health

LocalAnswer StateAnswer(const LocalAsked& asked, bool good, const SensorState& state, bool whole) {
  LocalAnswer answer{.status = good ? 200 : 503};
  JsonWriter writer(answer.body);
  writer.Field("status", std::string(good ? "ok" : "not ok"));
  writer.Field("live", state.live);
  writer.Field("ready", state.ready);
  writer.Field("reasons", state.reasons);
  if (whole && asked.snapshot != nullptr) {
    absl::StrAppend(&answer.body, ",\"health\":");
    AppendJson(asked.snapshot->health, answer.body);
  }
  writer.End();
  return answer;
}

LocalAnswer HealthAnswer(const LocalAsked& asked, absl::string_view path) {
  const SensorState state = StateOf(asked.snapshot, asked.now);
  if (path == "/health/live") return StateAnswer(asked, state.live, state, false);
  return StateAnswer(asked, state.ready, state, path == "/health");
}

LocalAnswer MetricsAnswer(const LocalAsked& asked) {
  return {.type = kMetricsType,
          .body = MetricsText(MetricsOf(asked.snapshot, asked.requests, asked.now))};
}

const std::map<absl::string_view, Page>& Pages() {
  static const auto* const pages = new std::map<absl::string_view, Page>{
      {"/api/alerts", {{"device", "kind", "limit", "severity", "state"}, AlertsPage}},
      {"/api/devices", {{"limit", "search", "sort"}, DevicesPage}},
      {"/api/sensor", {{}, SensorPage}}};
  return *pages;
}

constexpr absl::string_view kStatePages[] = {"/health", "/health/live", "/health/ready",
                                             "/metrics"};

LocalAnswer ApiAnswer(const LocalAsked& asked, const Page& page, absl::string_view text) {
  const absl::StatusOr<Query> query = Query::Parse(text, page.parameters);
  if (!query.ok()) return ErrorAnswer(400, query.status().message());
  if (asked.snapshot == nullptr) {
    return ErrorAnswer(503, "the sensor has just been started: no interval has ended yet");
  }
  absl::StatusOr<std::string> body = page.answer({*asked.snapshot, asked.now}, *query);
  if (!body.ok()) return ErrorAnswer(400, body.status().message());
  return {.body = *std::move(body)};
}

}  // namespace

LocalAnswer ErrorAnswer(int status, absl::string_view message) {
  LocalAnswer answer{.status = status};
  absl::StrAppend(&answer.body, "{\"error\":");
  JsonWriter writer(answer.body);
  writer.Field("status", status);
  writer.Field("message", std::string(message));
  writer.End();
  answer.body.push_back('}');
  return answer;
}

LocalAnswer AnswerOf(const LocalAsked& asked) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(asked.target, absl::MaxSplits('?', 1));
  const absl::string_view path = parts.first;
  if (const auto page = Pages().find(path); page != Pages().end()) {
    return ApiAnswer(asked, page->second, parts.second);
  }
  if (std::find(std::begin(kStatePages), std::end(kStatePages), path) == std::end(kStatePages)) {
    return ErrorAnswer(404, absl::StrCat("there is /api/alerts, /api/devices, /api/sensor, ",
                                         absl::StrJoin(kStatePages, ", ")));
  }
  if (!parts.second.empty()) return ErrorAnswer(400, "found a query, allowed none here");
  return path == "/metrics" ? MetricsAnswer(asked) : HealthAnswer(asked, path);
}

}  // namespace vedette
