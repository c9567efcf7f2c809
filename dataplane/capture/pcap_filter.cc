#include "dataplane/capture/pcap_filter.h"

#include <pcap/pcap.h>

#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

// In files raw IP has a number of its own, in the library one per system; all others are alike.
int DataLinkOf(uint16_t link_number) {
  return link_number == 101 || link_number == 12 || link_number == 14 ? DLT_RAW : link_number;
}

struct CloseHandle {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};

}  // namespace

absl::StatusOr<std::unique_ptr<const PcapFilter>> PcapFilter::Compile(
    absl::string_view expression) {
  std::unique_ptr<PcapFilter> filter(new PcapFilter);
  filter->expression_ = std::string(expression);
  absl::Status first_failure;
  bool any = false;
  // Ethernet first: its message is the one people expect.
  static constexpr uint16_t kLinks[] = {1,   101, 12,  14, 228, 229, 0,
                                        108, 113, 276, 9,  50,  105, 127};
  for (const uint16_t link : kLinks) {
    const absl::Status compiled = filter->CompileFor(link);
    any = any || compiled.ok();
    if (first_failure.ok()) first_failure = compiled;
  }
  if (!any) return first_failure;
  return filter;
}

PcapFilter::~PcapFilter() {
  for (auto& program : programs_) {
    if (program) pcap_freecode(program.get());
  }
}

absl::Status PcapFilter::CompileFor(uint16_t link_number) {
  const std::unique_ptr<pcap_t, CloseHandle> handle(
      pcap_open_dead(DataLinkOf(link_number), kCapturedLengthMax));
  if (handle == nullptr) return absl::ResourceExhaustedError("no memory to compile a filter");
  auto program = std::make_unique<bpf_program>();
  if (pcap_compile(handle.get(), program.get(), expression_.c_str(), 1, PCAP_NETMASK_UNKNOWN) !=
      0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the filter \"", expression_, "\" does not compile: ", pcap_geterr(handle.get()),
        "; its language is described in pcap-filter(7)"));
  }
  programs_[link_number] = std::move(program);
  return absl::OkStatus();
}

absl::Status PcapFilter::Supports(uint16_t link_number) const {
  if (link_number < kLinkNumbers && programs_[link_number] != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the filter \"", expression_, "\" has no meaning on link type ", link_number));
}

bool PcapFilter::Matches(const CaptureRecord& record) const noexcept {
  if (record.link_number >= kLinkNumbers) return false;
  const bpf_program* program = programs_[record.link_number].get();
  if (program == nullptr) return false;
  pcap_pkthdr header = {};
  header.caplen = static_cast<bpf_u_int32>(record.bytes.size());
  header.len = record.wire_length;
  return pcap_offline_filter(program, &header,
                             reinterpret_cast<const u_char*>(record.bytes.data())) != 0;
}

}  // namespace vedette
