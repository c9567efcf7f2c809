#include "sensor/policy/policy.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/decode/address_text.h"

namespace vedette {
namespace {

constexpr int kHostBits = 128;
// Wider than any prefix, and no end at all.
constexpr int kSideBits = -1, kAnyBits = -2, kNoBits = -3;

constexpr absl::string_view kEffects[] = {"tell", "allow", "suppress", "adjust"};

int64_t OrderOf(uint32_t entry) { return -int64_t{entry}; }

}  // namespace

absl::string_view TextOf(PolicyEffect effect) { return kEffects[static_cast<size_t>(effect)]; }

std::string HostTerm::ToText() const {
  switch (kind) {
    case Kind::kNone:
      return "";
    case Kind::kAny:
      return "any";
    case Kind::kHome:
      return "home";
    case Kind::kOutside:
      return "outside";
    case Kind::kPrefix:
      return prefix.length == kHostBits ? IpText(prefix.address) : prefix.ToText();
    case Kind::kGroup:
      return absl::StrCat("group/", text);
    case Kind::kMac:
      return text;
    case Kind::kName:
      return absl::StrCat("name/", text);
  }
  return "";
}

std::string PolicyEntry::Identity() const {
  std::vector<std::string> sorted = kinds;
  std::sort(sorted.begin(), sorted.end());
  return absl::StrCat(TextOf(effect), " ", absl::StrJoin(sorted, ","), " host=", host.ToText(),
                      " source=", source.ToText(), " target=", target.ToText());
}

std::string PolicyDefinition::PlaceText(const PolicyPlace& place) const {
  const std::string& file = place.file < files.size() ? files[place.file] : "policy";
  if (place.at.line == 0) return file;
  return absl::StrCat(file, ":", place.at.line, ":", place.at.column);
}

PolicyEnd PolicyEndOf(const EndpointKey& key, uint8_t prefix_length,
                      const DeviceIdentity& identity) {
  PolicyEnd end{.prefix_length = prefix_length,
                .mac = identity.mac,
                .name = absl::AsciiStrToLower(identity.name),
                .home = identity.home};
  if (!key.is_mac) end.ip = key.ip;
  return end;
}

int KindFit(absl::string_view pattern, absl::string_view kind) {
  if (pattern == kind) return 2;
  if (pattern == kAllKinds) return 0;
  return absl::EndsWith(pattern, ".*") &&
                 absl::StartsWith(kind, pattern.substr(0, pattern.size() - 1))
             ? 1
             : -1;
}

Policy::Policy(PolicyDefinition definition) : definition_(std::move(definition)) {
  for (uint32_t number = 0; number < definition_.groups.size(); ++number) {
    const HostGroup& group = definition_.groups[number];
    group_numbers_.emplace(group.name, number);
    group_terms_.push_back(next_term_++);
    for (const HostTerm& member : group.members) TermsOf(member).groups.push_back(number);
  }
  for (uint32_t number = 0; number < definition_.entries.size(); ++number) {
    IndexEntry(number);
    const uint64_t end_us = definition_.entries[number].until_us;
    if (end_us != 0) ends_us_.push_back(end_us);
  }
  std::sort(ends_us_.begin(), ends_us_.end());
}

Policy::Terms& Policy::TermsOf(const HostTerm& host) {
  if (host.kind == HostTerm::Kind::kMac) return macs_[host.text];
  if (host.kind == HostTerm::Kind::kName) return names_[host.text];
  return prefixes_[host.prefix];
}

Policy::TermId Policy::TermOf(const HostTerm& host) {
  switch (host.kind) {
    case HostTerm::Kind::kNone:
      return kNobody;
    case HostTerm::Kind::kAny:
      return kAny;
    case HostTerm::Kind::kHome:
      return kHome;
    case HostTerm::Kind::kOutside:
      return kOutside;
    case HostTerm::Kind::kGroup: {
      const auto at = group_numbers_.find(host.text);
      // A group that is not defined has no members; the reader does not let it pass.
      return at == group_numbers_.end() ? next_term_++ : group_terms_[at->second];
    }
    case HostTerm::Kind::kPrefix:
    case HostTerm::Kind::kMac:
    case HostTerm::Kind::kName:
      break;
  }
  Terms& terms = TermsOf(host);
  if (terms.own == kNobody) terms.own = next_term_++;
  return terms.own;
}

void Policy::IndexEntry(uint32_t number) {
  const PolicyEntry& entry = definition_.entries[number];
  if (entry.host.kind == HostTerm::Kind::kNone) {
    const TermId source = TermOf(entry.source);
    rules_[{source, TermOf(entry.target)}].push_back(number);
    return;
  }
  const TermId host = TermOf(entry.host);
  rules_[{host, kNobody}].push_back(number);
  rules_[{kNobody, host}].push_back(number);
}

void Policy::AddHandles(const Terms& terms, int length, Handles& handles) const {
  if (terms.own != kNobody) handles.push_back({.term = terms.own, .length = length});
  for (const uint32_t group : terms.groups) {
    const TermId term = group_terms_[group];
    // Nested members of one group: the longest counts, and comes first.
    const bool known = std::any_of(handles.begin(), handles.end(),
                                   [term](const Handle& h) { return h.term == term; });
    if (!known) handles.push_back({.term = term, .length = length, .group = true});
  }
}

Policy::Handles Policy::HandlesOf(const PolicyEnd* host, size_t& lookups) const {
  Handles handles;
  if (host != nullptr) {
    const auto add_text = [&](const auto& table, const std::string& text) {
      if (text.empty() || table.empty()) return;
      ++lookups;
      if (const auto at = table.find(text); at != table.end()) {
        AddHandles(at->second, kHostBits, handles);
      }
    };
    add_text(macs_, host->mac);
    add_text(names_, host->name);
    if (host->ip.has_value()) {
      lookups += prefixes_.Covering(
          *host->ip, host->prefix_length,
          [&](uint8_t length, const Terms& terms) { AddHandles(terms, length, handles); });
    }
    handles.push_back({.term = host->home ? kHome : kOutside, .length = kSideBits});
    handles.push_back({.term = kAny, .length = kAnyBits});
  }
  handles.push_back({.term = kNobody, .length = kNoBits});
  return handles;
}

// Calls visit(fit) for every entry that covers both; the same entry may come twice.
template <typename Visit>
size_t Policy::EachFit(absl::string_view kind, const Handles& sources, const Handles& targets,
                       Visit&& visit) const {
  size_t lookups = 0;
  for (const Handle& source : sources) {
    for (const Handle& target : targets) {
      ++lookups;
      const auto at = rules_.find({source.term, target.term});
      if (at == rules_.end()) continue;
      const int named = (source.term != kNobody && !source.group ? 1 : 0) +
                        (target.term != kNobody && !target.group ? 1 : 0);
      for (const uint32_t number : at->second) {
        int kind_fit = -1;
        for (const std::string& pattern : entry(number).kinds) {
          kind_fit = std::max(kind_fit, KindFit(pattern, kind));
        }
        if (kind_fit < 0) continue;
        visit(Fit{number,
                  {.longest = std::max(source.length, target.length),
                   .other = std::min(source.length, target.length),
                   .named = named,
                   .kind = kind_fit,
                   .order = OrderOf(number)}});
      }
    }
  }
  return lookups;
}

std::vector<Policy::Fit> Policy::Fits(absl::string_view kind, const PolicyEnd* source,
                                      const PolicyEnd* target) const {
  size_t lookups = 0;
  std::vector<Fit> fits;
  EachFit(kind, HandlesOf(source, lookups), HandlesOf(target, lookups),
          [&fits](const Fit& fit) { fits.push_back(fit); });
  std::sort(fits.begin(), fits.end(), [](const Fit& a, const Fit& b) { return a.rank > b.rank; });
  absl::flat_hash_set<uint32_t> seen;
  std::erase_if(fits, [&seen](const Fit& fit) { return !seen.insert(fit.entry).second; });
  return fits;
}

std::vector<Policy::Fit> Policy::EntriesOf(const PolicyEnd& host) const {
  size_t lookups = 0;
  absl::flat_hash_map<TermId, Handle> handles;
  for (const Handle& handle : HandlesOf(&host, lookups)) {
    if (handle.term != kNobody) handles.emplace(handle.term, handle);
  }
  absl::flat_hash_map<uint32_t, Rank> best;
  for (const auto& [ends, numbers] : rules_) {
    for (const TermId end : {ends.first, ends.second}) {
      const auto at = handles.find(end);
      if (at == handles.end()) continue;
      for (const uint32_t number : numbers) {
        const Rank rank{.longest = at->second.length,
                        .other = kNoBits,
                        .named = at->second.group ? 0 : 1,
                        .order = OrderOf(number)};
        Rank& kept = best.try_emplace(number, rank).first->second;
        kept = std::max(kept, rank);
      }
    }
  }
  std::vector<Fit> fits;
  for (const auto& [number, rank] : best) fits.push_back({number, rank});
  std::sort(fits.begin(), fits.end(), [](const Fit& a, const Fit& b) { return a.rank > b.rank; });
  return fits;
}

std::vector<std::string> Policy::GroupsOf(const PolicyEnd& host) const {
  std::vector<std::pair<int, uint32_t>> found;  // length, number
  size_t lookups = 0;
  for (const Handle& handle : HandlesOf(&host, lookups)) {
    if (!handle.group) continue;
    const auto at = std::lower_bound(group_terms_.begin(), group_terms_.end(), handle.term);
    found.emplace_back(handle.length, static_cast<uint32_t>(at - group_terms_.begin()));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<std::string> names;
  for (const auto& [length, number] : found) names.push_back(definition_.groups[number].name);
  return names;
}

std::string Policy::GroupOf(const PolicyEnd& host) const {
  if (group_terms_.empty()) return "";
  const std::vector<std::string> names = GroupsOf(host);
  return names.empty() ? "" : names.front();
}

size_t Policy::ExpiredAt(uint64_t now_us) const {
  return static_cast<size_t>(std::upper_bound(ends_us_.begin(), ends_us_.end(), now_us) -
                             ends_us_.begin());
}

std::optional<Policy::Fit> Policy::BestOf(const PolicyCase& asked, const Handles& device,
                                          const Handles& peer, size_t& lookups) const {
  const bool actor = asked.role == Role::kActor;
  std::optional<Fit> best;
  lookups += EachFit(asked.kind, actor ? device : peer, actor ? peer : device, [&](const Fit& fit) {
    if (entry(fit.entry).expired(asked.at_us)) return;
    if (!best.has_value() || fit.rank > best->rank) best = fit;
  });
  return best;
}

// How much of an alert each entry answers for.
struct Policy::Tally {
  struct Share {
    uint32_t entry = 0;
    double weight = 0;
  };
  absl::InlinedVector<Share, 8> excusing, adjusting;
  double excused = 0, total = 0;

  void Add(std::optional<Fit> winner, PolicyEffect effect, double weight) {
    total += weight;
    if (!winner.has_value()) return;
    const bool excuses = effect != PolicyEffect::kAdjust;
    if (excuses) excused += weight;
    auto& shares = excuses ? excusing : adjusting;
    for (Share& share : shares) {
      if (share.entry == winner->entry) {
        share.weight += weight;
        return;
      }
    }
    shares.push_back({winner->entry, weight});
  }
  // The heaviest, of equals the first read.
  static const Share* Heaviest(const absl::InlinedVector<Share, 8>& shares) {
    const auto at =
        std::max_element(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
          return a.weight != b.weight ? a.weight < b.weight : a.entry > b.entry;
        });
    return at == shares.end() ? nullptr : &*at;
  }
};

Policy::Tally Policy::Weigh(const PolicyCase& asked, size_t& lookups) const {
  Tally tally;
  const Handles device = HandlesOf(&asked.device, lookups);
  const Handles nobody = HandlesOf(nullptr, lookups);
  const auto add = [&](const Handles& peer, double weight) {
    const std::optional<Fit> best = BestOf(asked, device, peer, lookups);
    tally.Add(best, best.has_value() ? entry(best->entry).effect : PolicyEffect::kTell, weight);
  };
  if (asked.peers.empty()) {
    add(nobody, 1);
    return tally;
  }
  double sum = 0, least = asked.peers.front().second;
  for (const auto& [peer, weight] : asked.peers) {
    sum += weight;
    least = std::min(least, weight);
  }
  for (const auto& [peer, weight] : asked.peers) {
    add(HandlesOf(&peer, lookups), sum > 0 ? weight : 1);
  }
  // Whom a device turns to is its own choice, so that the heaviest stand for all. Whoever attacks
  // it can make sources up: those that are not named are covered by nothing that names them.
  if (asked.role != Role::kActor && asked.peer_count > asked.peers.size()) {
    const auto unnamed = static_cast<double>(asked.peer_count - asked.peers.size());
    add(nobody, unnamed * (sum > 0 ? least : 1));
  }
  return tally;
}

PolicyVerdict Policy::Judge(const PolicyCase& asked) const {
  PolicyVerdict verdict;
  if (definition_.entries.empty()) return verdict;
  const Tally tally = Weigh(asked, verdict.lookups);
  const double rest = tally.total > 0 ? 1 - tally.excused / tally.total : 1;
  const bool ranked = asked.scales && asked.limit > 0;
  const Tally::Share* const excuse = Tally::Heaviest(tally.excusing);
  const bool all = excuse != nullptr && tally.excused >= tally.total;
  if (all || (excuse != nullptr && ranked && asked.measured * rest <= asked.limit)) {
    verdict.entry = excuse->entry;
    verdict.effect = entry(excuse->entry).effect;
    return verdict;
  }
  if (const Tally::Share* const adjust = Tally::Heaviest(tally.adjusting); adjust != nullptr) {
    verdict.entry = adjust->entry;
    verdict.effect = PolicyEffect::kAdjust;
    verdict.below_limit =
        ranked && asked.measured < asked.limit * entry(adjust->entry).limit_factor;
  }
  return verdict;
}

}  // namespace vedette
