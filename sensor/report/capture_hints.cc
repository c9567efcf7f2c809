#include "sensor/report/capture_hints.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "dataplane/decode/address_text.h"
#include "detectors/finding_text.h"
#include "sensor/report/figures.h"

namespace vedette {
namespace {

// Limits of what is ordinary. A mirror of whole links shows nearly all flows both ways and nearly
// no packet twice; a scan or a flood of false senders is one-way by nature, hence half.
constexpr double kHomeShareMin = 0.05;
constexpr double kOneWayShareMax = 0.5;
constexpr uint64_t kOneWayFlowsMin = 20;
constexpr double kDuplicateShareMax = 0.01;

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string PartOf(uint64_t part, uint64_t whole) {
  if (part == 0) return whole == 0 ? "none" : absl::StrCat("none of ", CountText(whole));
  return absl::StrCat(ShareText(part, whole), " (", CountText(part), " of ", CountText(whole), ")");
}

// The network the busiest address may be of, as an example that can be pasted.
std::string ExampleNetwork(const std::vector<Talker>& talkers) {
  for (const Talker& talker : talkers) {
    const absl::StatusOr<IpAddress> ip = ParseIp(talker.ips.empty() ? "" : talker.ips[0]);
    if (!ip.ok() || ip->is_multicast() || ip->is_zero() || ip->is_broadcast()) continue;
    IpAddress network = *ip;
    const size_t kept = ip->is_v4() ? 15 : 8;
    std::fill(network.bytes.begin() + static_cast<std::ptrdiff_t>(kept), network.bytes.end(),
              uint8_t{0});
    return absl::StrCat(IpText(network), ip->is_v4() ? "/24" : "/64");
  }
  return "192.0.2.0/24";
}

CaptureHint Home(const ReportData& data) {
  const ShardCounters& totals = data.totals;
  const auto no_ip = totals.carried_packets[static_cast<size_t>(Carried::kNoIp)];
  const uint64_t aside = std::min(totals.packets, no_ip + totals.duplicates);
  const uint64_t seen = std::max(totals.packets - aside, totals.home_packets);
  CaptureHint hint{.what = "packets touching home", .figure = PartOf(totals.home_packets, seen)};
  if (seen != 0 && Share(totals.home_packets, seen) < kHomeShareMin) {
    hint.advice = absl::StrCat(
        "Hardly any packet comes from or goes to a home network, so hardly anything can leave one. "
        "Name yours, for example --home ",
        ExampleNetwork(data.talkers), ", once for each network.");
  }
  return hint;
}

// Packets of alerts that are one-way by nature: floods of false senders, scans.
uint64_t OneWayByNature(const ReportAlerts& alerts) {
  uint64_t packets = 0;
  for (const AlertEvent& alert : alerts.worst) {
    const bool one_way = alert.category == "dos" || alert.category == "recon";
    if (one_way && alert.packets > 0) packets += static_cast<uint64_t>(alert.packets);
  }
  return packets;
}

CaptureHint OneWay(const ReportData& data) {
  const uint64_t ended = data.totals.flows_ended, one_way = data.totals.flows_ended_one_way;
  CaptureHint hint{.what = "flows seen one way", .figure = PartOf(one_way, ended)};
  if (ended < kOneWayFlowsMin || Share(one_way, ended) <= kOneWayShareMax) return hint;
  if (2 * OneWayByNature(data.alerts) >= one_way) {
    absl::StrAppend(&hint.figure, ", as floods and scans are");
    return hint;
  }
  hint.advice =
      "Most flows show one direction, and no flood or scan found here explains it. Check that the "
      "mirror port copies received and sent packets, on every link that answers may take.";
  return hint;
}

CaptureHint Duplicates(const ReportData& data) {
  CaptureHint hint{.what = "packets seen twice",
                   .figure = PartOf(data.totals.duplicates, data.totals.packets)};
  if (Share(data.totals.duplicates, data.totals.packets) > kDuplicateShareMax) {
    hint.advice =
        "The mirror shows packets where they enter and where they leave the switch. Mirror both "
        "directions of one port, or one direction of all. Each is counted once here.";
  }
  return hint;
}

CaptureHint Oversized(const ReportData& data) {
  const uint64_t oversized = data.totals.oversized_packets;
  CaptureHint hint{.what = "packets above 1,500 B",
                   .figure = PartOf(oversized, data.totals.packets)};
  if (oversized != 0) {
    hint.advice =
        "Such packets are not on an ordinary wire: the capturing machine joined or had not yet "
        "split them. Switch its offloads off: ethtool -K IFACE gro off lro off tso off gso off. "
        "With jumbo frames they are right.";
  }
  return hint;
}

CaptureHint Cut(const ReportData& data) {
  CaptureHint hint{.what = "packets cut by snap length",
                   .figure = PartOf(data.input.cut_packets, data.totals.packets)};
  if (data.input.cut_packets != 0) {
    hint.advice =
        "The capture left their ends out, so names and contents there were not read and their "
        "checksums not verified. Capture whole packets: tcpdump -s 0.";
  }
  return hint;
}

CaptureHint Clock(const ReportData& data) {
  CaptureHint hint{.what = "packets before their time",
                   .figure = PartOf(data.input.time_backwards, data.totals.packets)};
  if (data.input.time_backwards != 0) {
    hint.advice = absl::StrCat(
        "The capture's clock ran backwards or its packets are out of order; they count at the "
        "latest time seen. ",
        data.input.files.size() > 1 ? "Files of the same time want --merge."
                                    : "reordercap(1) puts a file in order.");
  }
  return hint;
}

CaptureHint Tables(const ReportData& data) {
  const uint64_t lost = data.totals.flows_evicted + data.devices_evicted + data.tables_refused;
  CaptureHint hint{.what = "table places given away",
                   .figure = lost == 0 ? "none" : CountText(lost)};
  if (lost == 0) return hint;
  absl::StrAppend(&hint.figure, " (", CountText(data.totals.flows_evicted), " flows, ",
                  CountText(data.devices_evicted), " devices, ", CountText(data.tables_refused),
                  " others)");
  hint.advice =
      "More was going on than the tables hold; the heaviest was kept. A flood does that. Without "
      "one, give them more room: section tables of the configuration.";
  return hint;
}

}  // namespace

std::vector<CaptureHint> HintsOf(const ReportData& data) {
  return {Home(data), OneWay(data), Duplicates(data), Oversized(data),
          Cut(data),  Clock(data),  Tables(data)};
}

}  // namespace vedette
