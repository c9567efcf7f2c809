#include "sensor/merge/interval_merge.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace vedette {
namespace {

using Windows = absl::Span<const ShardWindow* const>;

// References to what `list_of` names in every window, by `key_of`. The records are large: they are
// sorted by reference and copied once.
template <typename T, typename ListOf, typename KeyOf>
std::vector<const T*> Sorted(Windows windows, ListOf&& list_of, KeyOf&& key_of) {
  std::vector<const T*> order;
  size_t count = 0;
  for (const ShardWindow* window : windows) count += list_of(*window).records().size();
  order.reserve(count);
  for (const ShardWindow* window : windows) {
    for (const T& record : list_of(*window).records()) order.push_back(&record);
  }
  std::sort(order.begin(), order.end(),
            [&](const T* a, const T* b) { return key_of(*a) < key_of(*b); });
  return order;
}

template <typename T, typename ListOf, typename KeyOf>
void Gather(Windows windows, std::vector<T>& all, ListOf&& list_of, KeyOf&& key_of) {
  all.clear();
  for (const T* record : Sorted<T>(windows, list_of, key_of)) all.push_back(*record);
}

// Records of one key are added up, whatever their order.
template <typename T, typename ListOf, typename KeyOf, typename Add>
void GatherAndFold(Windows windows, std::vector<T>& all, ListOf&& list_of, KeyOf&& key_of,
                   Add&& add) {
  all.clear();
  for (const T* record : Sorted<T>(windows, list_of, key_of)) {
    if (!all.empty() && key_of(all.back()) == key_of(*record)) {
      add(all.back(), *record);
    } else {
      all.push_back(*record);
    }
  }
}

// Its lines are not next to those of the row before, and the processor cannot guess them.
void Prefetch(const EndpointRow& row) {
  const char* const at = reinterpret_cast<const char*>(&row);
  for (size_t line = 0; line < sizeof(row); line += 64) __builtin_prefetch(at + line);
}

void AddRow(EndpointInterval& to, const EndpointRow& row) {
  to.counters.Merge(row.counters);
  to.home |= row.home;
  if (row.mac_known &&
      (!to.mac_known || std::tie(row.mac_seen_us, row.mac) < std::tie(to.mac_seen_us, to.mac))) {
    to.mac_known = true;
    to.mac = row.mac;
    to.mac_seen_us = row.mac_seen_us;
  }
  if (row.seen_sending) {
    to.first_us = to.first_us == 0 ? row.first_us : std::min(to.first_us, row.first_us);
    to.last_us = std::max(to.last_us, row.last_us);
  }
  to.sources_in.Merge(row.sources_in);
  to.ports_out.Merge(row.ports_out);
}

absl::string_view NameOf(const DnsMessage& m) { return {m.name.data(), m.name_length}; }
absl::string_view NameOf(const NameSighting& n) { return {n.name.data(), n.name_length}; }

}  // namespace

const IntervalView& IntervalMerger::Merge(uint64_t second, Windows windows, uint64_t lost) {
  constexpr uint64_t kStarvedPart = 100;
  view_ = {};
  view_.begin_us = second * 1'000'000;
  view_.end_us = view_.begin_us + 1'000'000;
  view_.first = !started_;
  started_ = true;
  view_.home_networks = &home_;
  view_.patterns = patterns_;
  flows_active_ = 0;
  for (const ShardWindow* window : windows) {
    view_.totals.Merge(window->counters);
    flows_active_ += window->flows_active;
  }
  // A tap that is dead, or a sensor that is overrun, tells nothing of who was silent.
  view_.starved = view_.totals.packets == 0 || lost > view_.totals.packets / kStarvedPart;
  MergeEndpoints(windows);
  MergePairs(windows);
  MergeLogs(windows);
  return view_;
}

void IntervalMerger::MergeEndpoints(Windows windows) {
  constexpr size_t kAhead = 4;
  GroupRows(windows);
  endpoints_.clear();
  endpoints_.reserve(keys_.size());
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (i + kAhead < rows_.size()) Prefetch(*rows_[i + kAhead].row);
    const EndpointRow& row = *rows_[i].row;
    if (endpoints_.empty() || endpoints_.back().key != row.key) {
      endpoints_.emplace_back().key = row.key;
    }
    AddRow(endpoints_.back(), row);
  }
  view_.endpoints = endpoints_;
}

// Most keys have a row in each shard: the keys are sorted, not the rows, which find their place by
// counting.
void IntervalMerger::GroupRows(Windows windows) {
  keys_.clear();
  key_of_row_.clear();
  absl::flat_hash_map<EndpointKey, uint32_t> numbers;
  numbers.reserve(endpoints_.size());  // about as many as a second ago
  for (const ShardWindow* window : windows) {
    for (const EndpointRow& row : window->endpoints.rows()) {
      const auto next = static_cast<uint32_t>(keys_.size());
      const auto [at, is_new] = numbers.try_emplace(row.key, next);
      if (is_new) keys_.push_back({.key = row.key, .number = next});
      ++keys_[at->second].rows;
      key_of_row_.push_back(at->second);
    }
    losses_.endpoints += window->endpoints.refused();
  }
  std::sort(keys_.begin(), keys_.end(),
            [](const KeyRows& a, const KeyRows& b) { return a.key < b.key; });
  std::vector<uint32_t> place_of_key(keys_.size());
  uint32_t place = 0;
  for (const KeyRows& key : keys_) {
    place_of_key[key.number] = place;
    place += key.rows;
  }
  rows_.resize(key_of_row_.size());
  auto key_of_row = key_of_row_.begin();
  for (const ShardWindow* window : windows) {
    for (const EndpointRow& row : window->endpoints.rows()) {
      rows_[place_of_key[*key_of_row++]++] = {&row, &window->endpoints.thetas()};
    }
  }
}

void IntervalMerger::MergePairs(Windows windows) {
  GatherAndFold(
      windows, egress_, [](const ShardWindow& w) -> auto& { return w.egress; },
      [](const EgressPair& p) { return std::tie(p.device, p.destination); },
      [](EgressPair& to, const EgressPair& p) {
        to.bytes += p.bytes;
        to.packets += p.packets;
        to.error_bytes += p.error_bytes;
      });
  view_.egress = egress_;

  GatherAndFold(
      windows, attempts_, [](const ShardWindow& w) -> auto& { return w.attempts; },
      [](const AttemptPair& p) { return std::tie(p.source, p.target); },
      [](AttemptPair& to, const AttemptPair& p) {
        to.flows += p.flows;
        to.accepted += p.accepted;
        to.refused += p.refused;
        to.probes += p.probes;
        to.ports.Merge(p.ports);
        if (std::tie(to.last_us, to.protocol, to.last_port) <
            std::tie(p.last_us, p.protocol, p.last_port)) {
          to.last_us = p.last_us;
          to.protocol = p.protocol;
          to.last_port = p.last_port;
        }
      });
  view_.attempts = attempts_;

  GatherAndFold(
      windows, irregularities_, [](const ShardWindow& w) -> auto& { return w.irregularities; },
      [](const IrregularityCount& c) { return std::tie(c.sender, c.kind); },
      [](IrregularityCount& to, const IrregularityCount& c) {
        to.packets += c.packets;
        to.first_us = std::min(to.first_us, c.first_us);
        if (std::tie(to.last_us, to.last_target) < std::tie(c.last_us, c.last_target)) {
          to.last_us = c.last_us;
          to.last_target = c.last_target;
        }
      });
  view_.irregularities = irregularities_;
  for (const ShardWindow* window : windows) {
    losses_.attempts += window->attempts.refused();
    losses_.irregularities += window->irregularities.refused();
  }
}

void IntervalMerger::MergeLogs(Windows windows) {
  Gather(
      windows, contacts_, [](const ShardWindow& w) -> auto& { return w.contacts; },
      [](const Contact& c) {
        return std::tie(c.start_us, c.device, c.destination, c.protocol, c.port, c.phase, c.end_us,
                        c.outcome, c.vlan, c.bytes_out, c.bytes_in, c.app, c.resumed);
      });
  view_.contacts = contacts_;
  Gather(
      windows, dns_, [](const ShardWindow& w) -> auto& { return w.dns; },
      [](const DnsMessage& m) {
        return std::make_tuple(m.arrival_us, m.client, m.server, m.is_response, m.id, m.type,
                               m.vlan, m.response_code, m.message_bytes, m.answer_bytes, m.answers,
                               m.answer_type, NameOf(m));
      });
  view_.dns = dns_;
  Gather(
      windows, names_, [](const ShardWindow& w) -> auto& { return w.names; },
      [](const NameSighting& n) {
        return std::make_tuple(n.arrival_us, n.endpoint, n.source, n.mac, NameOf(n));
      });
  view_.names = names_;
  Gather(
      windows, matches_, [](const ShardWindow& w) -> auto& { return w.matches; },
      [](const ContentMatch& m) {
        return std::tie(m.arrival_us, m.flow, m.pattern, m.offset_bytes, m.digest, m.device);
      });
  SealMatches();
  view_.matches = matches_;
  for (const ShardWindow* window : windows) {
    losses_.contacts += window->contacts.refused();
    losses_.dns += window->dns.refused();
    losses_.names += window->names.refused();
    losses_.matches += window->matches.refused();
  }
}

void IntervalMerger::SealMatches() {
  view_.digests_are_hmacs = !key_.empty();
  if (key_.empty()) return;
  for (ContentMatch& match : matches_) {
    if (match.pattern >= patterns_.size()) continue;
    match.digest = key_.HmacOf(patterns_[match.pattern].name, match.digest);
  }
}

}  // namespace vedette
