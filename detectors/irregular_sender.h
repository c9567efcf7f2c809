// Detectors of odd packets differ only in which kinds they count and how many are too many: this
// adds an interval's counts up per sender. Pure; borrowed from the view.
#ifndef VEDETTE_DETECTORS_IRREGULAR_SENDER_H_
#define VEDETTE_DETECTORS_IRREGULAR_SENDER_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "detectors/finding.h"
#include "detectors/interval_view.h"

namespace vedette {

using KindCounts = std::vector<std::pair<DecodeStatus, uint64_t>>;

struct IrregularSender {
  EndpointKey sender;
  uint64_t packets = 0;
  uint64_t addresses = 1;  // more: of a neighbour whose senders are judged together
  uint64_t first_us = 0, last_us = 0;
  KindCounts kinds;  // by kind
  std::vector<FindingPeer> targets;
};

// How long a sender of odd packets pauses between them. Its alert outlasts three such pauses, so
// that a slow sender is one alert; and never more than an hour.
class Pauses {
 public:
  void Note(uint64_t first_us, uint64_t last_us) {
    constexpr uint64_t kLongestUs = 1'200'000'000;
    if (last_us_ != 0 && first_us > last_us_) {
      longest_us_ = std::max(longest_us_, std::min(first_us - last_us_, kLongestUs));
    }
    last_us_ = std::max(last_us_, last_us);
  }
  uint64_t CalmMs() const { return std::max<uint64_t>(60'000, 3 * longest_us_ / 1'000); }

  template <typename Io>
  void Keep(Io& io) {
    io("last_us", last_us_);
    io("longest_us", longest_us_);
  }

 private:
  uint64_t last_us_ = 0, longest_us_ = 0;
};

// By sender. `wanted(DecodeStatus)` chooses the kinds.
template <typename Wanted>
std::vector<IrregularSender> IrregularSenders(const IntervalView& view, Wanted&& wanted) {
  std::vector<IrregularSender> senders;
  for (const IrregularityCount& count : view.irregularities) {
    if (!wanted(count.kind)) continue;
    if (senders.empty() || senders.back().sender != count.sender) {
      senders.push_back({.sender = count.sender, .first_us = count.first_us});
    }
    IrregularSender& sender = senders.back();
    sender.packets += count.packets;
    sender.first_us = std::min(sender.first_us, count.first_us);
    sender.last_us = std::max(sender.last_us, count.last_us);
    sender.kinds.emplace_back(count.kind, count.packets);
    if (!count.last_target.is_zero()) {
      sender.targets.push_back({{.ip = count.last_target, .vlan = count.sender.vlan},
                                static_cast<double>(count.packets)});
    }
  }
  return senders;
}

// Forged senders have no past, and each may be as many as there are addresses. Those with a few odd
// packets that come from one neighbour on the link, if they are many, are judged together as one
// sender with its MAC address; they are taken out of `senders`, the neighbours appended.
void JoinForgedSenders(const IntervalView& view, std::vector<IrregularSender>& senders);

// ", under 512 addresses"; empty for one.
std::string AddressesText(const IrregularSender& sender);

bool IsKindOf(DecodeStatus kind, absl::string_view layer);  // "tcp", "frag", "checksum"

void AddKinds(const KindCounts& kinds, KindCounts& sum);

// "tcp.null_flags 12, tcp.xmas 3", the most frequent first.
std::string KindsText(KindCounts kinds);

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_IRREGULAR_SENDER_H_
