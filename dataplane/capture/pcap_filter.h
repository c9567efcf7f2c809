// A capture filter in libpcap's language (pcap-filter(7)), compiled once for every link type that
// is decoded, so that a pcapng file may mix them. Compiled at set-up; Matches is called by any
// thread, allocates nothing.
#ifndef VEDETTE_DATAPLANE_CAPTURE_PCAP_FILTER_H_
#define VEDETTE_DATAPLANE_CAPTURE_PCAP_FILTER_H_

#include <array>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/capture/capture_record.h"

struct bpf_program;

namespace vedette {

class PcapFilter {
 public:
  // Fails when the expression compiles for no link type, with libpcap's words.
  static absl::StatusOr<std::unique_ptr<const PcapFilter>> Compile(absl::string_view expression);
  ~PcapFilter();

  // Fails when the expression has no meaning on this link type ("ether host" on raw IP).
  absl::Status Supports(uint16_t link_number) const;
  // A link type the expression has no meaning on matches nothing.
  bool Matches(const CaptureRecord& record) const noexcept;

 private:
  static constexpr size_t kLinkNumbers = 277;  // up to LINUX_SLL2
  PcapFilter() = default;
  absl::Status CompileFor(uint16_t link_number);

  std::string expression_;
  std::array<std::unique_ptr<bpf_program>, kLinkNumbers> programs_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_PCAP_FILTER_H_
