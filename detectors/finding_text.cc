#include "detectors/finding_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "dataplane/decode/decode.h"

namespace vedette {

std::string CountText(uint64_t count) {
  const std::string digits = absl::StrCat(count);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

std::string RoughText(double estimate) {
  const auto rounded = static_cast<uint64_t>(std::llround(std::fmax(0, estimate)));
  uint64_t unit = 1;
  while (rounded / unit >= 100) unit *= 10;
  return CountText((rounded + unit / 2) / unit * unit);
}

std::string BytesText(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1'000;
    ++unit;
  }
  return unit == 0 ? absl::StrCat(bytes, " B") : absl::StrFormat("%.3g %s", value, kUnits[unit]);
}

std::string DurationText(uint64_t us) {
  const double seconds = static_cast<double>(us) * 1e-6;
  if (seconds < 120) return absl::StrFormat("%.3g s", seconds);
  if (seconds < 7'200) return absl::StrFormat("%.3g min", seconds / 60);
  if (seconds < 259'200) return absl::StrFormat("%.3g h", seconds / 3'600);
  const double days = seconds / 86'400;
  return days < 999.5 ? absl::StrFormat("%.3g days", days)
                      : absl::StrCat(CountText(static_cast<uint64_t>(days)), " days");
}

std::string ServiceText(uint8_t protocol, uint16_t port) {
  switch (static_cast<IpProtocol>(protocol)) {
    case IpProtocol::kTcp:
      return absl::StrCat("tcp/", port);
    case IpProtocol::kUdp:
      return absl::StrCat("udp/", port);
    case IpProtocol::kSctp:
      return absl::StrCat("sctp/", port);
    case IpProtocol::kIcmp:
      return "icmp";
    case IpProtocol::kIcmp6:
      return "icmp6";
    default:
      return protocol == 0 ? "" : absl::StrCat("ip/", protocol);
  }
}

void KeepHeaviest(std::vector<FindingPeer>& peers) {
  constexpr size_t kPeersMax = 10;
  std::sort(peers.begin(), peers.end(), [](const FindingPeer& a, const FindingPeer& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.endpoint < b.endpoint;
  });
  if (peers.size() > kPeersMax) peers.resize(kPeersMax);
}

}  // namespace vedette
