#include "dataplane/capture/pcap_agreement.h"

#include <pcap/pcap.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "dataplane/capture/capture_file.h"

namespace vedette {
namespace {

constexpr char kAdvice[] = "; replay it without --source dpdk";
constexpr uint16_t kEthernetLink = 1;

struct CloseHandle {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using Handle = std::unique_ptr<pcap_t, CloseHandle>;

absl::Status Refuse(absl::string_view name, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(name, ": ", why, kAdvice));
}

absl::Status CheckRecord(const CaptureRecord& record, uint32_t bytes_max) {
  if (record.link_number != kEthernetLink) {
    return absl::InvalidArgumentError(
        absl::StrCat("has link type ", record.link_number, ", allowed 1 (Ethernet)"));
  }
  if (record.wire_length != record.bytes.size() || record.oversized_wire_length) {
    return absl::InvalidArgumentError(absl::StrCat("is cut to ", record.bytes.size(),
                                                   " bytes, and the driver does not say how ",
                                                   "long it was"));
  }
  if (record.bytes.size() > bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", record.bytes.size(), " bytes, allowed are ", bytes_max));
  }
  if (!record.has_time) return absl::InvalidArgumentError("has no time");
  return absl::OkStatus();
}

absl::Status CompareNext(pcap_t* theirs, const CaptureRecord& ours) {
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  if (pcap_next_ex(theirs, &header, &bytes) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("is not read by libpcap: ", pcap_geterr(theirs)));
  }
  const uint64_t arrival_us = static_cast<uint64_t>(header->ts.tv_sec) * 1'000'000 +
                              static_cast<uint64_t>(header->ts.tv_usec);
  const Bytes read = {reinterpret_cast<const std::byte*>(bytes), header->caplen};
  if (arrival_us != ours.arrival_us || !std::ranges::equal(read, ours.bytes)) {
    return absl::InvalidArgumentError("is read differently by libpcap");
  }
  return absl::OkStatus();
}

absl::Status Compare(CaptureFile& ours, pcap_t* theirs, uint32_t bytes_max, AgreedCapture& agreed) {
  for (;;) {
    switch (ours.Next()) {
      case CaptureFile::Cursor::kEnded:
        agreed.damage = ours.damage();
        return absl::OkStatus();
      case CaptureFile::Cursor::kStalled:
        ours.Refill();
        break;
      case CaptureFile::Cursor::kPacket: {
        absl::Status fine = CheckRecord(ours.record(), bytes_max);
        if (fine.ok()) fine = CompareNext(theirs, ours.record());
        if (!fine.ok()) return fine;
        ++agreed.records;
        agreed.longest_bytes = std::max<uint32_t>(
            agreed.longest_bytes, static_cast<uint32_t>(ours.record().bytes.size()));
      }
    }
  }
}

}  // namespace

absl::StatusOr<AgreedCapture> CheckLibpcapAgrees(const std::string& path, absl::string_view name,
                                                 uint32_t bytes_max) {
  struct stat file = {};
  if (stat(path.c_str(), &file) == 0 && !S_ISREG(file.st_mode)) {
    return Refuse(name, "is no regular file, which DPDK's driver needs");
  }
  auto ours = CaptureFile::Open(path, nullptr);
  if (!ours.ok()) return ours.status();
  if ((*ours)->format() != "pcap" && (*ours)->format() != "pcapng") {
    return Refuse(name,
                  absl::StrCat("is ", (*ours)->format(), ", which DPDK's driver cannot unpack"));
  }
  char why[PCAP_ERRBUF_SIZE] = "";
  const Handle theirs(pcap_open_offline(path.c_str(), why));
  if (theirs == nullptr) return Refuse(name, absl::StrCat("libpcap does not read it: ", why));
  AgreedCapture agreed;
  const absl::Status compared = Compare(**ours, theirs.get(), bytes_max, agreed);
  if (!compared.ok()) {
    return Refuse(name, absl::StrCat("packet ", agreed.records + 1, " ", compared.message()));
  }
  if (pcap_datalink(theirs.get()) != DLT_EN10MB) {
    return Refuse(name, "is no Ethernet capture");
  }
  return agreed;
}

}  // namespace vedette
