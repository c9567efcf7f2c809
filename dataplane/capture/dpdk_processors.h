// Which processors poll: those of the NIC's memory node first, and one left over for all else.
// Set-up only.
#ifndef VEDETTE_DATAPLANE_CAPTURE_DPDK_PROCESSORS_H_
#define VEDETTE_DATAPLANE_CAPTURE_DPDK_PROCESSORS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vedette {

// `pollers` of the `allowed` ones, those `near` first. Empty where `threads` and the rest of the
// sensor would have to share: then the kernel decides better.
std::vector<int> ChooseProcessors(absl::Span<const int> allowed, absl::Span<const int> near,
                                  size_t pollers, size_t threads);

// "0-3,8": as the kernel lists them. What is malformed is left out.
std::vector<int> ParseProcessorList(absl::string_view text);

std::vector<int> AllowedProcessors();
// Of a memory node; all of nodes that are not known (-1).
std::vector<int> ProcessorsOfNode(int node);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_DPDK_PROCESSORS_H_
