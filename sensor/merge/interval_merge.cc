#include "sensor/merge/interval_merge.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "absl/strings/string_view.h"

namespace vedette {
namespace {

using Windows = absl::Span<const ShardWindow* const>;

// Copies what `list_of` names in every window.
template <typename T, typename ListOf>
void Gather(Windows windows, std::vector<T>& all, ListOf&& list_of) {
  all.clear();
  for (const ShardWindow* window : windows) {
    const auto& list = list_of(*window);
    all.insert(all.end(), list.records().begin(), list.records().end());
  }
}

// What `list_of` names in every window, by key; records of one key are added up. The records are
// large: they are sorted by reference and copied once.
template <typename T, typename ListOf, typename KeyOf, typename Add>
void GatherAndFold(Windows windows, std::vector<T>& all, ListOf&& list_of, KeyOf&& key_of,
                   Add&& add) {
  std::vector<const T*> order;
  for (const ShardWindow* window : windows) {
    for (const T& record : list_of(*window).records()) order.push_back(&record);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](const T* a, const T* b) { return key_of(*a) < key_of(*b); });
  all.clear();
  for (const T* record : order) {
    if (!all.empty() && key_of(all.back()) == key_of(*record)) {
      add(all.back(), *record);
    } else {
      all.push_back(*record);
    }
  }
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
  to.targets_out.Merge(row.targets_out);
  to.services_out.Merge(row.services_out);
  to.ports_out.Merge(row.ports_out);
}

absl::string_view NameOf(const DnsMessage& m) { return {m.name.data(), m.name_length}; }
absl::string_view NameOf(const NameSighting& n) { return {n.name.data(), n.name_length}; }

}  // namespace

const IntervalView& IntervalMerger::Merge(uint64_t second, Windows windows) {
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
  MergeEndpoints(windows);
  MergePairs(windows);
  MergeLogs(windows);
  return view_;
}

void IntervalMerger::MergeEndpoints(Windows windows) {
  rows_.clear();
  for (const ShardWindow* window : windows) {
    for (const EndpointRow& row : window->endpoints.rows()) {
      rows_.push_back({&row, &window->endpoints.thetas()});
    }
    losses_.endpoints += window->endpoints.refused();
  }
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const ShardRow& a, const ShardRow& b) { return a.row->key < b.row->key; });
  endpoints_.clear();
  for (const ShardRow& row : rows_) {
    if (endpoints_.empty() || endpoints_.back().key != row.row->key) {
      endpoints_.emplace_back().key = row.row->key;
    }
    AddRow(endpoints_.back(), *row.row);
  }
  view_.endpoints = endpoints_;
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
  Gather(windows, contacts_, [](const ShardWindow& w) -> auto& { return w.contacts; });
  std::sort(contacts_.begin(), contacts_.end(), [](const Contact& a, const Contact& b) {
    const auto key = [](const Contact& c) {
      return std::tie(c.start_us, c.device, c.destination, c.protocol, c.port, c.phase, c.end_us,
                      c.outcome, c.vlan, c.bytes_out, c.bytes_in, c.app, c.resumed);
    };
    return key(a) < key(b);
  });
  view_.contacts = contacts_;

  Gather(windows, dns_, [](const ShardWindow& w) -> auto& { return w.dns; });
  std::sort(dns_.begin(), dns_.end(), [](const DnsMessage& a, const DnsMessage& b) {
    const auto key = [](const DnsMessage& m) {
      return std::make_tuple(m.arrival_us, m.client, m.server, m.is_response, m.id, m.type, m.vlan,
                             m.response_code, m.message_bytes, m.answer_bytes, m.answers,
                             m.answer_type, NameOf(m));
    };
    return key(a) < key(b);
  });
  view_.dns = dns_;

  Gather(windows, names_, [](const ShardWindow& w) -> auto& { return w.names; });
  std::sort(names_.begin(), names_.end(), [](const NameSighting& a, const NameSighting& b) {
    const auto key = [](const NameSighting& n) {
      return std::make_tuple(n.arrival_us, n.endpoint, n.source, n.mac, NameOf(n));
    };
    return key(a) < key(b);
  });
  view_.names = names_;

  Gather(windows, matches_, [](const ShardWindow& w) -> auto& { return w.matches; });
  std::sort(matches_.begin(), matches_.end(), [](const ContentMatch& a, const ContentMatch& b) {
    const auto key = [](const ContentMatch& m) {
      return std::tie(m.arrival_us, m.flow, m.pattern, m.offset_bytes, m.digest, m.device);
    };
    return key(a) < key(b);
  });
  view_.matches = matches_;
  for (const ShardWindow* window : windows) {
    losses_.contacts += window->contacts.refused();
    losses_.dns += window->dns.refused();
    losses_.names += window->names.refused();
    losses_.matches += window->matches.refused();
  }
}

}  // namespace vedette
