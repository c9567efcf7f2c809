#include "sensor/report/report_gatherer.h"

#include <algorithm>
#include <tuple>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "dataplane/decode/address_text.h"

namespace vedette {
namespace {

constexpr size_t kIpsShownMax = 4;

absl::string_view BytesOf(const IpAddress& ip) {
  return {reinterpret_cast<const char*>(ip.bytes.data()), ip.bytes.size()};
}

void AddTo(TrafficSums& to, const TrafficSums& from) {
  to.packets_in += from.packets_in;
  to.packets_out += from.packets_out;
  to.bytes_in += from.bytes_in;
  to.bytes_out += from.bytes_out;
  to.egress_bytes += from.egress_bytes;
  to.ingress_bytes += from.ingress_bytes;
}

void AddTo(CountMap& to, const CountMap& from) {
  for (const auto& [name, count] : from) to[name] += count;
}

// What is shown first.
bool IsWorse(const AlertEvent& a, const AlertEvent& b) {
  const size_t a_rank = SeverityRank(a.severity), b_rank = SeverityRank(b.severity);
  if (a_rank != b_rank) return a_rank > b_rank;
  if (a.score != b.score) return a.score > b.score;
  return std::tie(a.start_ms, a.alert_id) < std::tie(b.start_ms, b.alert_id);
}

}  // namespace

size_t SeverityRank(const std::string& severity) {
  if (severity == "critical") return 3;
  if (severity == "high") return 2;
  return severity == "medium" ? 1 : 0;
}

size_t ReportGatherer::KeyHasher::operator()(const EndpointKey& key) const {
  return absl::HashOf(BytesOf(key.ip), key.vlan, key.is_mac);
}

size_t ReportGatherer::KeyHasher::operator()(const std::pair<EndpointKey, IpAddress>& pair) const {
  return absl::HashOf(BytesOf(pair.first.ip), pair.first.vlan, BytesOf(pair.second));
}

void ReportGatherer::OnInterval(const IntervalView& view) {
  uint64_t egress_bytes = 0;
  for (const EndpointInterval& endpoint : view.endpoints) {
    const EndpointCounters& c = endpoint.counters;
    const TrafficSums sums = {.packets_in = c.packets_in,
                              .packets_out = c.packets_out,
                              .bytes_in = c.bytes_in,
                              .bytes_out = c.bytes_out,
                              .egress_bytes = c.egress_bytes,
                              .ingress_bytes = c.ingress_bytes};
    AddTo(talkers_.Add(endpoint.key, sums.bytes()), sums);
    egress_bytes += c.egress_bytes;
    data_.ingress_bytes += c.ingress_bytes;
    data_.egress_packets += c.egress_packets;
  }
  for (const EgressPair& pair : view.egress) {
    // The pair may have inherited bytes of one it displaced in the worker's table.
    const uint64_t bytes = pair.bytes - std::min(pair.error_bytes, pair.bytes);
    pairs_.Add({pair.device, pair.destination}, bytes).packets += pair.packets;
  }
  data_.egress_bytes += egress_bytes;
  data_.series.Add(view.begin_us / 1'000'000, view.totals.packets, view.totals.bytes, egress_bytes);
  data_.totals.Merge(view.totals);
}

void ReportGatherer::OnAlert(const AlertEvent& event) {
  // An alert that opens again with the same id is not another one.
  data_.alerts.opened += event.revision == 0 && !alerts_.contains(event.alert_id);
  if (event.suppressed) {
    ++data_.alerts.folded;
    alerts_.erase(event.alert_id);
    return;
  }
  alerts_[event.alert_id] = event;
  if (alerts_.size() >= 2 * kAlertsMax) KeepWorstAlerts();
}

// One that is dropped comes back with its next update, should it have become worse.
void ReportGatherer::KeepWorstAlerts() {
  std::vector<AlertEvent>& worst = data_.alerts.worst;
  for (auto& [id, event] : alerts_) worst.push_back(std::move(event));
  alerts_.clear();
  std::sort(worst.begin(), worst.end(), IsWorse);
  if (worst.size() > kAlertsMax) worst.resize(kAlertsMax);
  for (AlertEvent& event : worst) {
    std::string id = event.alert_id;
    alerts_.emplace(std::move(id), std::move(event));
  }
  worst.clear();
}

void ReportGatherer::OnHealth(const HealthEvent& event) {
  data_.received += static_cast<uint64_t>(event.packets_received);
  data_.processed += static_cast<uint64_t>(event.packets_processed);
  AddTo(data_.dropped, event.dropped);
  AddTo(data_.decoded, event.decoded);
  AddTo(data_.irregularities, event.irregularities);
  data_.devices = static_cast<uint64_t>(event.devices);
  data_.devices_evicted += static_cast<uint64_t>(event.devices_evicted);
}

ReportData ReportGatherer::Finish(const IdentityOf& identify) {
  FinishTalkers(identify);
  FinishDestinations(identify);
  FinishAlerts();
  return std::move(data_);
}

void ReportGatherer::FinishTalkers(const IdentityOf& identify) {
  absl::btree_map<std::string, Talker> by_device;
  for (const auto& [key, entry] : talkers_.Sorted()) {
    DeviceIdentity who = identify(key);
    Talker& talker = by_device[who.device];
    if (talker.ips.empty()) talker.who = who;
    if (!key.is_mac && talker.ips.size() < kIpsShownMax) talker.ips.push_back(IpText(key.ip));
    if (talker.ips.empty()) talker.ips.push_back(who.mac);
    AddTo(talker.sums, entry.sums);
  }
  for (auto& [device, talker] : by_device) data_.talkers.push_back(std::move(talker));
  std::stable_sort(
      data_.talkers.begin(), data_.talkers.end(),
      [](const Talker& a, const Talker& b) { return a.sums.bytes() > b.sums.bytes(); });
  if (data_.talkers.size() > kShownMax) data_.talkers.resize(kShownMax);
  data_.talkers_missed_bytes = talkers_.floor();
}

void ReportGatherer::FinishDestinations(const IdentityOf& identify) {
  absl::btree_map<IpAddress, std::pair<Destination, EndpointKey>> by_ip;
  for (const auto& [pair, entry] : pairs_.Sorted()) {
    auto& [destination, heaviest] = by_ip[pair.second];
    if (destination.devices == 0) {
      destination.heaviest_bytes = entry.weight;
      heaviest = pair.first;
    }
    ++destination.devices;
    destination.bytes += entry.weight;
    destination.packets += entry.sums.packets;
  }
  for (auto& [ip, known] : by_ip) {
    known.first.ip = IpText(ip);
    known.first.heaviest = identify(known.second);
    data_.destinations.push_back(std::move(known.first));
  }
  std::stable_sort(data_.destinations.begin(), data_.destinations.end(),
                   [](const Destination& a, const Destination& b) { return a.bytes > b.bytes; });
  if (data_.destinations.size() > kShownMax) data_.destinations.resize(kShownMax);
  data_.destinations_missed_bytes = pairs_.floor();
}

void ReportGatherer::FinishAlerts() {
  std::vector<AlertEvent>& worst = data_.alerts.worst;
  for (auto& [id, event] : alerts_) worst.push_back(std::move(event));
  alerts_.clear();
  std::sort(worst.begin(), worst.end(), IsWorse);
  if (worst.size() > kAlertsMax) worst.resize(kAlertsMax);
  for (const AlertEvent& event : worst) ++data_.alerts.by_severity[SeverityRank(event.severity)];
}

}  // namespace vedette
