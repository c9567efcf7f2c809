// Whether libpcap reads a capture file as our own readers do, packet by packet: what stands between
// a program that reads files through libpcap (DPDK's net_pcap) and the same result. Reads the whole
// file; set-up only.
#ifndef VEDETTE_DATAPLANE_CAPTURE_PCAP_AGREEMENT_H_
#define VEDETTE_DATAPLANE_CAPTURE_PCAP_AGREEMENT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/capture/capture_record.h"

namespace vedette {

struct AgreedCapture {
  uint64_t records = 0;
  uint32_t longest_bytes = 0;
  Damage damage;  // kNone: read to its end
};

// Of Ethernet packets that are whole, have a time and at most `bytes_max` bytes; FailedPrecondition
// names the first thing that is otherwise. `name` is the file's in messages.
absl::StatusOr<AgreedCapture> CheckLibpcapAgrees(const std::string& path, absl::string_view name,
                                                 uint32_t bytes_max);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_PCAP_AGREEMENT_H_
