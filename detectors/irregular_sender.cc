#include "detectors/irregular_sender.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "detectors/finding_text.h"

namespace vedette {

namespace {

constexpr uint64_t kFewPackets = 4;
constexpr size_t kManySenders = 10;

void Join(const IrregularSender& sender, IrregularSender& neighbour) {
  neighbour.packets += sender.packets;
  neighbour.first_us = std::min(neighbour.first_us, sender.first_us);
  neighbour.last_us = std::max(neighbour.last_us, sender.last_us);
  AddKinds(sender.kinds, neighbour.kinds);
  for (const FindingPeer& target : sender.targets) {
    const auto at = std::find_if(
        neighbour.targets.begin(), neighbour.targets.end(),
        [&target](const FindingPeer& known) { return known.endpoint == target.endpoint; });
    if (at != neighbour.targets.end()) {
      at->weight += target.weight;
    } else if (neighbour.targets.size() < 64) {
      neighbour.targets.push_back(target);
    }
  }
}

}  // namespace

void JoinForgedSenders(const IntervalView& view, std::vector<IrregularSender>& senders) {
  if (senders.size() < kManySenders) return;
  std::map<EndpointKey, std::vector<size_t>> by_neighbour;
  for (size_t i = 0; i < senders.size(); ++i) {
    if (senders[i].packets > kFewPackets || senders[i].sender.is_mac) continue;
    const EndpointInterval* endpoint = view.Find(senders[i].sender);
    if (endpoint == nullptr || !endpoint->mac_known) continue;
    by_neighbour[EndpointKey::OfMac(endpoint->mac, senders[i].sender.vlan)].push_back(i);
  }
  std::vector<IrregularSender> neighbours;
  std::vector<bool> joined(senders.size());
  for (const auto& [key, members] : by_neighbour) {
    if (members.size() < kManySenders) continue;
    IrregularSender neighbour = {
        .sender = key, .addresses = members.size(), .first_us = senders[members.front()].first_us};
    for (const size_t i : members) {
      Join(senders[i], neighbour);
      joined[i] = true;
    }
    neighbours.push_back(std::move(neighbour));
  }
  std::vector<IrregularSender> judged;
  for (size_t i = 0; i < senders.size(); ++i) {
    if (!joined[i]) judged.push_back(std::move(senders[i]));
  }
  std::move(neighbours.begin(), neighbours.end(), std::back_inserter(judged));
  senders = std::move(judged);
}

std::string AddressesText(const IrregularSender& sender) {
  if (sender.addresses == 1) return "";
  return absl::StrCat(", under ", CountText(sender.addresses), " addresses a second");
}

bool IsKindOf(DecodeStatus kind, absl::string_view layer) {
  const absl::string_view name = Describe(kind).wire_name;
  return absl::StartsWith(name, layer) && name.size() > layer.size() && name[layer.size()] == '.';
}

void AddKinds(const KindCounts& kinds, KindCounts& sum) {
  for (const auto& [kind, count] : kinds) {
    const auto at = std::find_if(sum.begin(), sum.end(),
                                 [kind = kind](const auto& known) { return known.first == kind; });
    if (at == sum.end()) {
      sum.emplace_back(kind, count);
    } else {
      at->second += count;
    }
  }
}

std::string KindsText(KindCounts kinds) {
  constexpr size_t kShown = 4;
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < std::min(kinds.size(), kShown); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", Describe(kinds[i].first).wire_name, " ",
                    CountText(kinds[i].second));
  }
  if (kinds.size() > kShown) absl::StrAppend(&text, " and ", kinds.size() - kShown, " more kinds");
  return text;
}

}  // namespace vedette
