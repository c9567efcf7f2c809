#include "dataplane/capture/dpdk_replay.h"

#include <fcntl.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/capture/dpdk_device.h"
#include "dataplane/capture/dpdk_source.h"
#include "dataplane/capture/pcap_agreement.h"

namespace vedette {
namespace {

// The driver counts a packet's bytes in 16 bits.
constexpr uint32_t kPacketBytesMax = 65'535;
// A burst that is out, and one that was read from the file.
constexpr size_t kFramesInUse = 2 * kBurstMax;
constexpr uint32_t kMemoryMibMin = 64;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool ok() const { return fd_ >= 0; }
  // A name that no file name can break: the driver's arguments know commas and brackets.
  std::string path() const { return absl::StrCat("/proc/self/fd/", fd_); }

 private:
  int fd_;
};

// One capture and the port that reads it. Its packets come one after the other; a frame belongs to
// the caller once it was taken.
class PcapPort {
 public:
  PcapPort(std::unique_ptr<Descriptor> descriptor, std::string name, const AgreedCapture& agreed)
      : descriptor_(std::move(descriptor)), name_(std::move(name)), agreed_(agreed) {}
  ~PcapPort() { Close(); }
  PcapPort(const PcapPort&) = delete;
  PcapPort& operator=(const PcapPort&) = delete;

  absl::Status Open() {
    if (opened_) return absl::OkStatus();
    opened_ = true;
    static int ports_made = 0;
    DpdkPortOptions options{
        .device = absl::StrCat("net_pcap", ports_made++, ",rx_pcap=", descriptor_->path()),
        .descriptors = kBurstMax,
        .frame_bytes_max = kPacketBytesMax};
    auto device = DpdkDevice::Attach(options);
    if (!device.ok()) return device.status();
    RxPlan plan = PlanRx((*device)->info(), options, 1);
    plan.segment_bytes = kSegmentBytes;  // the driver chains buffers unasked
    absl::Status status = (*device)->Configure(std::move(plan), Buffers());
    if (status.ok()) status = (*device)->Start();
    if (!status.ok()) return status;
    time_stamp_ = TimeStampField::Find();
    if (!time_stamp_) return absl::InternalError("DPDK's driver for captures gives no times");
    device_ = *std::move(device);
    return absl::OkStatus();
  }
  // What was not taken is given back.
  void Close() {
    rte_pktmbuf_free_bulk(frames_.data() + at_, static_cast<unsigned>(count_ - at_));
    at_ = count_ = 0;
    device_.reset();
  }
  uint32_t Buffers() const {
    return static_cast<uint32_t>(kFramesInUse * (agreed_.longest_bytes / kSegmentBytes + 1) + 1);
  }

  // The next packet that `file` keeps becomes the head. False: there is none.
  bool Advance(CaptureFile& file) noexcept {
    has_head_ = false;
    while (Receive()) {
      rte_mbuf* const frame = frames_[at_++];
      Read(*frame);
      head_frame_ = frame;
      has_head_ = true;
      if (file.Keep(record_)) return true;
      rte_pktmbuf_free(frame);
      has_head_ = false;
    }
    return false;
  }
  bool has_head() const noexcept { return has_head_; }
  const CaptureRecord& record() const noexcept { return record_; }
  rte_mbuf* Take() noexcept {
    has_head_ = false;
    return head_frame_;
  }

  const std::string& name() const { return name_; }
  const Damage& damage() const { return agreed_.damage; }
  uint64_t bytes_read() const noexcept { return bytes_read_.load(std::memory_order_relaxed); }
  uint64_t records_read() const noexcept { return records_; }
  uint64_t records_wanted() const noexcept { return agreed_.records; }

 private:
  // The driver says nothing of an end: it comes after as many packets as there were.
  bool Receive() noexcept {
    if (at_ < count_) return true;
    at_ = count_ = 0;
    if (device_ == nullptr || records_ >= agreed_.records) return false;
    const uint64_t left = agreed_.records - records_;
    count_ = rte_eth_rx_burst(device_->port(), 0, frames_.data(),
                              static_cast<uint16_t>(std::min<uint64_t>(left, kBurstMax)));
    return count_ > 0;
  }

  void Read(const rte_mbuf& frame) noexcept {
    record_.SetLengths(joiner_.BytesOf(frame, records_ % kFramesInUse), frame.pkt_len);
    record_.arrival_us = time_stamp_->Set(frame) ? time_stamp_->Of(frame) : 0;
    record_.has_time = time_stamp_->Set(frame);
    record_.link = LinkType::kEthernet;
    record_.link_number = 1;
    ++records_;
    constexpr uint64_t kRecordHeaderBytes = 16;
    bytes_read_.store(bytes_read() + kRecordHeaderBytes + frame.pkt_len, std::memory_order_relaxed);
  }

  std::unique_ptr<Descriptor> descriptor_;
  std::string name_;
  AgreedCapture agreed_;
  bool opened_ = false;
  std::unique_ptr<DpdkDevice> device_;
  std::optional<TimeStampField> time_stamp_;
  FrameJoiner joiner_{kFramesInUse};
  std::array<rte_mbuf*, kBurstMax> frames_{};
  size_t at_ = 0, count_ = 0;
  rte_mbuf* head_frame_ = nullptr;
  bool has_head_ = false;
  CaptureRecord record_;
  uint64_t records_ = 0;
  std::atomic<uint64_t> bytes_read_{0};
};

using PcapPorts = std::vector<std::unique_ptr<PcapPort>>;

class DpdkReplay final : public ReplaySource {
 public:
  DpdkReplay(std::unique_ptr<DpdkEnvironment> environment, PcapPorts ports, Files files,
             std::unique_ptr<const PcapFilter> filter, const ReplayOptions& options)
      : ReplaySource(std::move(files), std::move(filter), options.shift_to),
        environment_(std::move(environment)),
        ports_(std::move(ports)),
        merge_(options.merge) {}
  ~DpdkReplay() override { FreeHeld(); }

  SourceState Receive(PacketBurst& burst) noexcept override {
    burst.count = 0;
    burst.now = latest();
    while (burst.count < kBurstMax) {
      const size_t file = merge_ ? EarliestHead() : CurrentHead();
      if (file == ports_.size()) break;
      if (!Append(ports_[file]->record(), files_[file]->counters(), burst)) break;
      held_[burst.count - 1] = ports_[file]->Take();
      held_count_ = burst.count;
    }
    return burst.count == 0 ? SourceState::kEnded : SourceState::kOpen;
  }
  void Release(PacketBurst& burst) noexcept override {
    FreeHeld();
    burst.count = 0;
  }

  std::vector<ReplayFault> faults() const override {
    std::vector<ReplayFault> faults;
    for (const auto& port : ports_) {
      const Damage& damage = port->damage();
      if (damage.kind != DamageKind::kNone) {
        faults.push_back({port->name(), damage.offset_bytes, DamageText(damage)});
      }
      if (port->records_read() != port->records_wanted()) {
        faults.push_back({port->name(), port->bytes_read(),
                          absl::StrCat("DPDK's driver gave ", port->records_read(), " of ",
                                       port->records_wanted(), " packets", why_not_)});
      }
    }
    return faults;
  }
  uint64_t bytes_consumed() const noexcept override {
    uint64_t sum = 0;
    for (const auto& port : ports_) sum += port->bytes_read();
    return sum;
  }

 private:
  // A port is opened at its first packet; a failure ends the file with a fault.
  bool Show(size_t file) noexcept {
    if (ports_[file]->has_head()) return true;
    const absl::Status opened = ports_[file]->Open();
    if (!opened.ok()) why_not_ = absl::StrCat(": ", opened.message());
    return opened.ok() && ports_[file]->Advance(*files_[file]);
  }
  size_t CurrentHead() noexcept {
    while (current_ < ports_.size() && !Show(current_)) {
      // Frames of a port that are out keep its buffers: it is closed with the next burst.
      if (held_count_ != 0) return ports_.size();
      ports_[current_++]->Close();
    }
    return current_;
  }
  // Equal times keep the order of the files.
  size_t EarliestHead() noexcept {
    size_t earliest = ports_.size();
    for (size_t i = 0; i < ports_.size(); ++i) {
      if (!Show(i)) continue;
      if (earliest == ports_.size() ||
          ports_[i]->record().arrival_us < ports_[earliest]->record().arrival_us) {
        earliest = i;
      }
    }
    return earliest;
  }
  void FreeHeld() noexcept {
    rte_pktmbuf_free_bulk(held_.data(), static_cast<unsigned>(held_count_));
    held_count_ = 0;
  }

  std::unique_ptr<DpdkEnvironment> environment_;  // outlives the ports
  PcapPorts ports_;
  bool merge_;
  size_t current_ = 0;
  std::array<rte_mbuf*, kBurstMax> held_{};
  size_t held_count_ = 0;
  std::string why_not_;
};

absl::StatusOr<std::unique_ptr<PcapPort>> Examine(const std::string& path) {
  if (path == "-") {
    return absl::FailedPreconditionError(
        "standard input: DPDK's driver reads files; replay it without --source dpdk");
  }
  auto descriptor = std::make_unique<Descriptor>(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // Our own reader words it better.
  const std::string readable = descriptor->ok() ? descriptor->path() : path;
  const auto agreed = CheckLibpcapAgrees(readable, path, kPacketBytesMax);
  if (!agreed.ok()) return agreed.status();
  return std::make_unique<PcapPort>(std::move(descriptor), path, *agreed);
}

// The worst of them, and what is wrong with each.
absl::Status AllFaults(const std::vector<absl::Status>& faults) {
  const auto has = [&faults](absl::StatusCode code) {
    return std::any_of(faults.begin(), faults.end(),
                       [code](const absl::Status& fault) { return fault.code() == code; });
  };
  const bool refused = has(absl::StatusCode::kFailedPrecondition);
  return absl::Status(refused ? absl::StatusCode::kFailedPrecondition : faults.front().code(),
                      absl::StrJoin(faults, "\n", [](std::string* out, const absl::Status& fault) {
                        absl::StrAppend(out, fault.message());
                      }));
}

absl::Status CheckNumber(size_t files, const ReplayOptions& options) {
  if (files == 0) return absl::InvalidArgumentError("no capture is named; name files");
  if (options.merge && files > RTE_MAX_ETHPORTS) {
    return absl::FailedPreconditionError(absl::StrCat(
        files, " files are to be merged, DPDK has ", RTE_MAX_ETHPORTS,
        " ports; replay them without --source dpdk, or merge them with mergecap first"));
  }
  return absl::OkStatus();
}

// The pools of the ports that are open at one time, and what the EAL wants for itself.
uint32_t MemoryMib(const PcapPorts& ports, bool merge) {
  constexpr uint64_t kBufferBytes = kSegmentBytes + 512;
  uint64_t sum = 0, largest = 0;
  for (const auto& port : ports) {
    const uint64_t bytes = port->Buffers() * kBufferBytes;
    sum += bytes;
    largest = std::max(largest, bytes);
  }
  return kMemoryMibMin + static_cast<uint32_t>((merge ? sum : largest) >> 20);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReplaySource>> OpenDpdkReplay(absl::Span<const std::string> paths,
                                                             const ReplayOptions& options,
                                                             const DpdkOptions& dpdk) {
  absl::Status number = CheckNumber(paths.size(), options);
  if (!number.ok()) return number;
  std::unique_ptr<const PcapFilter> filter;
  if (!options.filter.empty()) {
    auto compiled = PcapFilter::Compile(options.filter);
    if (!compiled.ok()) return compiled.status();
    filter = *std::move(compiled);
  }
  PcapPorts ports;
  std::vector<std::unique_ptr<CaptureFile>> files;
  std::vector<absl::Status> faults;
  for (const std::string& path : paths) {
    auto port = Examine(path);
    auto file = CaptureFile::Open(path, filter.get());
    if (!port.ok() || !file.ok()) {
      faults.push_back(port.ok() ? file.status() : port.status());
      continue;
    }
    (*file)->Close();
    ports.push_back(*std::move(port));
    files.push_back(*std::move(file));
  }
  if (!faults.empty()) return AllFaults(faults);
  auto environment = DpdkEnvironment::Start({.hugepages = DpdkHugepages::kOff,
                                             .memory_mib = MemoryMib(ports, options.merge),
                                             .file_prefix = dpdk.file_prefix,
                                             .arguments = dpdk.arguments});
  if (!environment.ok()) {
    return absl::FailedPreconditionError(environment.status().message());
  }
  return std::make_unique<DpdkReplay>(*std::move(environment), std::move(ports), std::move(files),
                                      std::move(filter), options);
}

}  // namespace vedette
