// Random observations of one second, and the shard windows they make when they are dealt out to
// shards. Few enough keys that no table fills up, however they are dealt out: what a full table
// forgets is its shard's own. Tests only.
#ifndef VEDETTE_TESTS_SENSOR_MERGE_RANDOM_WINDOWS_H_
#define VEDETTE_TESTS_SENSOR_MERGE_RANDOM_WINDOWS_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/track/keyed_hash.h"
#include "dataplane/worker/shard_window.h"

namespace vedette {

// One packet's worth: everything that a window can hold, made of few keys so that they collide.
struct Observation {
  EndpointKey endpoint;
  IpAddress peer;
  MacAddress mac;
  DecodeStatus irregularity = DecodeStatus::kOk;  // kOk: none
  uint64_t at_us = 0, bytes = 0;
  uint32_t dice = 0;
};

inline std::vector<Observation> RandomObservations(std::mt19937& random, uint64_t second,
                                                   size_t count) {
  std::vector<Observation> all(count);
  for (size_t i = 0; i < count; ++i) {
    Observation& o = all[i];
    const auto byte = [&random](uint32_t max) { return static_cast<uint8_t>(random() % max); };
    o.endpoint.ip =
        random() % 8 == 0 ? IpAddress::V4(192, 0, 2, byte(5)) : IpAddress::V4(10, 0, 0, byte(7));
    o.endpoint.vlan = random() % 4 == 0 ? 7 : 0;
    o.peer = IpAddress::V4(198, 51, 100, byte(40));
    o.mac = {{0, 0, 0, 0, 0, byte(3)}};
    // Distinct times: which frame was first is no matter of chance.
    o.at_us = second * 1'000'000 + i * (1'000'000 / count);
    o.bytes = random() % 1'500;
    o.dice = static_cast<uint32_t>(random());
    if (o.dice % 5 == 0) o.irregularity = static_cast<DecodeStatus>(1 + random() % 10);
  }
  return all;
}

inline void ObserveEndpoint(const Observation& o, const KeyedHash& hash, ShardWindow& window) {
  const bool home = o.endpoint.ip.bytes[12] == 10;
  EndpointRow& row = *window.endpoints.Obtain(o.endpoint, hash.OfEndpoint(o.endpoint), home);
  ++row.counters.packets_out;
  row.counters.bytes_out += o.bytes;
  (o.dice % 2 == 0 ? row.counters.tcp_packets : row.counters.udp_packets) += 1;
  row.counters.packets_in += o.dice % 3;
  row.counters.other_packets += o.dice % 3;
  row.counters.egress_bytes += o.bytes;
  if (!row.mac_known) {
    row.mac_known = true;
    row.mac = o.mac;
    row.mac_seen_us = o.at_us;
  }
  if (!row.seen_sending) row.first_us = o.at_us;
  row.seen_sending = true;
  row.last_us = o.at_us;
  const KeyHash peer = hash.OfAddress(o.peer);
  row.sources_in.Add(peer);
  row.ports_out.Add(KeyedHash::Combine(peer, o.dice % 50));
  if (!home) return;
  window.endpoints.AddPeer(row, ThetaHashOf(o.peer), /*outside=*/o.dice % 2 == 0);
}

inline void ObservePairs(const Observation& o, const KeyedHash& hash, ShardWindow& window) {
  const KeyHash pair = KeyedHash::Combine(hash.OfEndpoint(o.endpoint), o.peer.low());
  window.egress.Add(o.endpoint, o.peer, pair, o.bytes);
  AttemptPair& attempt = *window.attempts.Obtain(o.endpoint, o.peer, pair);
  ++attempt.flows;
  attempt.refused += o.dice % 2;
  attempt.ports.Add(KeyedHash::Combine(pair, o.dice % 50));
  attempt.last_us = o.at_us;
  attempt.last_port = static_cast<uint16_t>(o.dice % 50);
  attempt.protocol = 6;
  if (o.irregularity == DecodeStatus::kOk) return;
  window.irregularities.Note(o.endpoint, hash.OfEndpoint(o.endpoint), o.peer, o.irregularity,
                             o.at_us);
}

inline void ObserveLogs(const Observation& o, ShardWindow& window) {
  if (o.dice % 7 == 0) {
    Contact& contact = *window.contacts.Append();
    contact = {.protocol = 17, .device = o.endpoint.ip, .destination = o.peer};
    contact.start_us = o.at_us / 1'000;  // many at one time
  }
  if (o.dice % 11 == 0) {
    DnsMessage& dns = *window.dns.Append();
    dns = {.client = o.endpoint.ip, .server = o.peer, .id = static_cast<uint16_t>(o.dice)};
    dns.name_length = static_cast<uint8_t>(1 + o.dice % 9);
    std::memset(dns.name.data(), 'a' + static_cast<int>(o.dice % 3), dns.name_length);
  }
  if (o.dice % 23 == 0) {
    NameSighting& name = *window.names.Append();
    name = {.endpoint = o.endpoint, .mac = o.mac, .arrival_us = o.at_us / 100'000};
    name.name_length = 3;
    std::memset(name.name.data(), 'a' + static_cast<int>(o.dice % 3), 3);
  }
  if (o.dice % 17 == 0) {
    ContentMatch& match = *window.matches.Append();
    match = {.device = o.endpoint, .destination = o.peer};
    match.arrival_us = o.at_us;
    match.digest = o.dice;
  }
}

using ShardWindows = std::vector<std::unique_ptr<ShardWindow>>;

// Observation i goes to shard deal(i).
template <typename Deal>
ShardWindows DealtOut(const std::vector<Observation>& observations, size_t shards, Deal&& deal) {
  static const KeyedHash hash({1, 2});
  ShardWindows windows;
  for (size_t i = 0; i < shards; ++i) windows.push_back(std::make_unique<ShardWindow>());
  for (size_t i = 0; i < observations.size(); ++i) {
    const Observation& o = observations[i];
    ShardWindow& window = *windows[deal(i)];
    ++window.counters.packets;
    window.counters.bytes += o.bytes;
    ++window.counters.decoded[o.dice % 10];
    ObserveEndpoint(o, hash, window);
    ObservePairs(o, hash, window);
    ObserveLogs(o, window);
  }
  return windows;
}

inline std::vector<const ShardWindow*> PointersTo(const ShardWindows& windows) {
  std::vector<const ShardWindow*> pointers;
  for (const auto& window : windows) pointers.push_back(window.get());
  return pointers;
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_SENSOR_MERGE_RANDOM_WINDOWS_H_
