// Figures and peers as findings give them. Pure.
#ifndef VEDETTE_DETECTORS_FINDING_TEXT_H_
#define VEDETTE_DETECTORS_FINDING_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "detectors/finding.h"

namespace vedette {

std::string CountText(uint64_t count);                     // 20,569
std::string RoughText(double estimate);                    // 18,000: two digits that mean something
std::string BytesText(uint64_t bytes);                     // 1.4 MB
std::string DurationText(uint64_t us);                     // 2.5 s, 14 min
std::string ServiceText(uint8_t protocol, uint16_t port);  // tcp/443, icmp

// By weight, then key; the heaviest ten.
void KeepHeaviest(std::vector<FindingPeer>& peers);

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_FINDING_TEXT_H_
