#include "sensor/merge/device_windows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "dataplane/decode/address_text.h"
#include "detectors/feature_vector.h"

namespace vedette {
namespace {

constexpr size_t kTopDestinations = 10;
constexpr uint64_t kSecondUs = 1'000'000;

int64_t Signed(uint64_t count) { return static_cast<int64_t>(count); }
int64_t Rounded(double estimate) { return std::llround(estimate); }

void CopyCounters(const EndpointCounters& c, DeviceEvent& event) {
  event.packets_in = Signed(c.packets_in);
  event.packets_out = Signed(c.packets_out);
  event.bytes_in = Signed(c.bytes_in);
  event.bytes_out = Signed(c.bytes_out);
  event.egress_packets = Signed(c.egress_packets);
  event.egress_bytes = Signed(c.egress_bytes);
  event.ingress_bytes = Signed(c.ingress_bytes);
  event.tcp_packets = Signed(c.tcp_packets);
  event.udp_packets = Signed(c.udp_packets);
  event.icmp_packets = Signed(c.icmp_packets);
  event.other_packets = Signed(c.other_packets);
  event.fragments = Signed(c.fragments);
  event.syn_in = Signed(c.syn_in);
  event.syn_out = Signed(c.syn_out);
  event.syn_ack_in = Signed(c.syn_ack_in);
  event.syn_ack_out = Signed(c.syn_ack_out);
  event.fin_in = Signed(c.fin_in);
  event.fin_out = Signed(c.fin_out);
  event.rst_in = Signed(c.rst_in);
  event.rst_out = Signed(c.rst_out);
  event.flows_opened = Signed(c.flows_opened);
  event.flows_accepted = Signed(c.flows_accepted);
  event.flows_refused = Signed(c.flows_refused);
  event.flows_unanswered = Signed(c.flows_unanswered);
  event.dns_queries = Signed(c.dns_queries);
  event.dns_answers = Signed(c.dns_answers);
  event.dns_nxdomain = Signed(c.dns_nxdomain);
  event.dns_query_bytes = Signed(c.dns_query_bytes);
  event.malformed_packets = Signed(c.malformed_packets);
  event.checksum_errors = Signed(c.checksum_errors);
  event.one_way = c.packets_in == 0 || c.packets_out == 0;
}

// What was kept may be of a clock that ran ahead.
uint64_t Since(uint64_t begin_us, uint64_t end_us) { return end_us - std::min(begin_us, end_us); }

uint64_t Bits(absl::Span<const uint64_t> words) {
  return std::accumulate(words.begin(), words.end(), uint64_t{0}, [](uint64_t sum, uint64_t word) {
    return sum + static_cast<uint64_t>(std::popcount(word));
  });
}

}  // namespace

// By bytes, then address.
std::vector<DeviceWindows::Destination> DeviceWindows::Heaviest(const Egress& egress, size_t max) {
  std::vector<Destination> all(egress.begin(), egress.end());
  std::stable_sort(all.begin(), all.end(), [](const Destination& a, const Destination& b) {
    return a.second.bytes > b.second.bytes;
  });
  if (all.size() > max) all.erase(all.begin() + static_cast<ptrdiff_t>(max), all.end());
  return all;
}

void DeviceWindows::Account::Merge(const Account& other) {
  // An IP address says more of a device than the MAC its name holds anyway.
  const auto rank = [](const Account& account) {
    return std::tuple(!account.key.is_mac, account.last_us, account.key);
  };
  if (rank(*this) < rank(other)) {
    key = other.key;
    last_us = other.last_us;
  }
  active_seconds.resize(std::max(active_seconds.size(), other.active_seconds.size()));
  for (size_t i = 0; i < other.active_seconds.size(); ++i) {
    active_seconds[i] |= other.active_seconds[i];
  }
  counters.Merge(other.counters);
  ports.Merge(other.ports);
  peers.Merge(other.peers);
  destinations.Merge(other.destinations);
  for (const auto& [ip, traffic] : other.egress) {
    egress[ip].bytes += traffic.bytes;
    egress[ip].packets += traffic.packets;
  }
  for (const auto& [kind, count] : other.errors) errors[kind] += count;
}

void DeviceWindows::Account::MergeSketches(absl::Span<const ShardRow> rows) {
  for (const ShardRow& row : rows) {
    peers.Merge(*row.thetas, row.row->neighbours);
    peers.Merge(*row.thetas, row.row->destinations);
    destinations.Merge(*row.thetas, row.row->destinations);
  }
}

void DeviceWindows::Observe(const IntervalView& view, absl::Span<const ShardRow> rows,
                            const IdentityOf& identify, std::vector<DeviceEvent>& out) {
  const uint64_t begin_us = view.begin_us - view.begin_us % limits_.window_us;
  // One that another run left open was not watched to its end.
  if (open_ && begin_us != begin_us_) view.first ? Finish(identify, out) : Close(identify, out);
  open_ = true;
  begin_us_ = begin_us;
  Watch(view);
  ObserveEndpoints(view, rows);
  ObservePairs(view);
}

// A second without any packet may be the network's or the tap's doing.
void DeviceWindows::Watch(const IntervalView& view) {
  if (view.first) unwatched_us_ += Since(std::max(begin_us_, watched_until_us_), view.begin_us);
  if (view.starved) unwatched_us_ += view.end_us - view.begin_us;
  watched_until_us_ = view.end_us;
  packets_ += view.totals.packets;
}

// Endpoints and rows are both in the order of keys.
void DeviceWindows::ObserveEndpoints(const IntervalView& view, absl::Span<const ShardRow> rows) {
  const uint64_t second = (view.begin_us - begin_us_) / kSecondUs;
  const uint64_t bit = uint64_t{1} << (second % 64);
  size_t end = 0;
  for (const EndpointInterval& endpoint : view.endpoints) {
    const size_t begin = end;
    while (end < rows.size() && rows[end].row->key == endpoint.key) ++end;
    if (!endpoint.home) continue;
    Account* account = Obtain(endpoint);
    if (account == nullptr) continue;
    account->MergeSketches(rows.subspan(begin, end - begin));
    account->last_us = std::max(account->last_us, endpoint.last_us);
    if (endpoint.counters.packets_out != 0) account->active_seconds[second / 64] |= bit;
    account->counters.Merge(endpoint.counters);
    account->ports.Merge(endpoint.ports_out);
  }
}

DeviceWindows::Account* DeviceWindows::Obtain(const EndpointInterval& endpoint) {
  const auto at = accounts_.find(endpoint.key);
  if (at != accounts_.end()) return &at->second;
  const bool sends = endpoint.counters.packets_out != 0;
  if (accounts_.size() >= limits_.devices_max - (sends ? 0 : limits_.devices_max / 4)) {
    ++refused_;
    return nullptr;
  }
  Account& account = accounts_[endpoint.key];
  account.key = endpoint.key;
  account.active_seconds.resize((limits_.window_us / kSecondUs + 63) / 64);
  return &account;
}

void DeviceWindows::ObservePairs(const IntervalView& view) {
  for (const EgressPair& pair : view.egress) {
    const auto at = accounts_.find(pair.device);
    if (at != accounts_.end()) AddEgress(at->second, pair);
  }
  for (const IrregularityCount& count : view.irregularities) {
    const auto at = accounts_.find(count.sender);
    if (at != accounts_.end()) at->second.errors[count.kind] += count.packets;
  }
}

// What a displaced pair left behind is not claimed: no destination is charged with what another
// got.
void DeviceWindows::AddEgress(Account& account, const EgressPair& pair) const {
  auto& egress = account.egress;
  Traffic& traffic = egress[pair.destination];
  traffic.bytes += pair.bytes - pair.error_bytes;
  traffic.packets += pair.packets;
  if (egress.size() <= limits_.destinations_max) return;
  // The heaviest half stays, so that a scan cannot hide who gets the data.
  const std::vector<Destination> kept = Heaviest(egress, limits_.destinations_max / 2);
  egress = {kept.begin(), kept.end()};
}

void DeviceWindows::OnRestored() {
  const size_t words = (limits_.window_us / kSecondUs + 63) / 64;
  if (kept_window_us_ != limits_.window_us) {
    open_ = false;
    accounts_.clear();
    packets_ = unwatched_us_ = 0;
    kept_window_us_ = limits_.window_us;
  }
  for (auto& [key, account] : accounts_) account.active_seconds.resize(words);
}

void DeviceWindows::Finish(const IdentityOf& identify, std::vector<DeviceEvent>& out) {
  if (!open_) return;
  unwatched_us_ += Since(watched_until_us_, begin_us_ + limits_.window_us);
  Close(identify, out);
}

void DeviceWindows::Close(const IdentityOf& identify, std::vector<DeviceEvent>& out) {
  open_ = false;
  absl::btree_map<std::string, Account> devices;
  for (auto& [key, account] : accounts_) {
    const auto [at, first] = devices.try_emplace(identify(key).device);
    if (first) {
      at->second = std::move(account);
    } else {
      at->second.Merge(account);
    }
  }
  accounts_.clear();
  told_.keys.clear();
  for (const auto& [name, account] : devices) {
    out.push_back(EventOf(account, identify(account.key)));
    out.back().sensor_lost_packets = Signed(lost_packets_);
    told_.keys.push_back(account.key);
  }
  const auto share = [](uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  told_.unwatched_share = share(unwatched_us_, limits_.window_us);
  told_.lost_share = share(lost_packets_, lost_packets_ + packets_);
  lost_packets_ = packets_ = unwatched_us_ = 0;
}

DeviceEvent DeviceWindows::EventOf(const Account& account, const DeviceIdentity& identity) const {
  DeviceEvent event;
  event.device = identity.device;
  event.device_ip = identity.ip;
  event.device_mac = identity.mac;
  event.device_name = identity.name;
  event.group = identity.group;
  event.vlan = identity.vlan;
  event.window_start_ms = Signed(begin_us_ / 1'000);
  event.window_ms = Signed(limits_.window_us / 1'000);
  CopyCounters(account.counters, event);

  const std::vector<Destination> top = Heaviest(account.egress, kTopDestinations);
  for (const auto& [ip, traffic] : top) {
    event.egress_top.push_back(
        {.ip = IpText(ip), .bytes = Signed(traffic.bytes), .packets = Signed(traffic.packets)});
  }
  for (const auto& [kind, count] : account.errors) {
    event.errors[std::string(Describe(kind).wire_name)] = Signed(count);
  }
  const double peers = account.peers.Estimate();
  const double destinations = account.destinations.Estimate();
  const double ports = account.ports.Estimate();
  event.peers_estimate = Rounded(peers);
  event.destinations_estimate = Rounded(destinations);
  event.ports_estimate = Rounded(ports);
  event.peers_sketch = account.peers.ToHex();
  event.destinations_sketch = account.destinations.ToHex();
  const FeatureVector features =
      FeaturesOf({.counters = account.counters,
                  .window_s = static_cast<double>(limits_.window_us) * 1e-6,
                  .peers = peers,
                  .destinations = destinations,
                  .ports = ports,
                  .active_seconds = Bits(account.active_seconds),
                  .top_destination_bytes = top.empty() ? 0 : top.front().second.bytes});
  event.features.assign(features.begin(), features.end());
  return event;
}

}  // namespace vedette
