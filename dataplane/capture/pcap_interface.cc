#include "dataplane/capture/pcap_interface.h"

#include <linux/filter.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dataplane/capture/capture_record.h"
#include "dataplane/capture/interface_counters.h"

namespace vedette {
namespace {

// The kernel gives a block of packets away when it is full or this old: short enough for an alert,
// long enough that a busy ring is not woken for each packet.
constexpr int kBlockAgeMs = 10;
// The pseudo-interface of all interfaces has no index and no flags.
constexpr char kAny[] = "any";

absl::Status NoSuchInterface(const std::string& name) {
  return absl::NotFoundError(
      absl::StrCat("no such interface: '", name, "'; there are: ", InterfaceNames()));
}

absl::Status NoRights(const std::string& name) {
  return absl::PermissionDeniedError(absl::StrCat(
      "no right to capture on '", name,
      "': run as root, or give the program CAP_NET_RAW: 'setcap cap_net_raw=ep' on the program's "
      "file, or AmbientCapabilities=CAP_NET_RAW in its systemd unit"));
}

absl::Status FailureOf(int code, pcap_t* handle, const std::string& name) {
  switch (code) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return NoSuchInterface(name);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return NoRights(name);
    default:
      return absl::UnavailableError(absl::StrCat(
          "cannot capture on '", name, "': ", pcap_statustostr(code), ": ", pcap_geterr(handle)));
  }
}

struct DispatchTarget {
  PacketBatch* batch;
  LinkType link;
};

void OnPacket(u_char* user, const pcap_pkthdr* header, const u_char* bytes) {
  const auto* target = reinterpret_cast<const DispatchTarget*>(user);
  target->batch->Append(*header, bytes, target->link);
}

// Wraps: both are 32 bits of a longer count.
uint32_t Since(uint32_t& before, uint32_t now) noexcept { return now - std::exchange(before, now); }

}  // namespace

void PacketBatch::Append(const pcap_pkthdr& header, const unsigned char* bytes,
                         LinkType link) noexcept {
  CaptureRecord record;
  std::byte* const place = &bytes_[used_bytes_];
  if (header.caplen != 0) std::memcpy(place, bytes, header.caplen);
  record.SetLengths({place, header.caplen}, header.len);
  used_bytes_ += header.caplen;
  packets_[count_++] = {.view = {record.bytes, record.wire_length, link, {}},
                        .wall_us = static_cast<uint64_t>(header.ts.tv_sec) * 1'000'000 +
                                   static_cast<uint64_t>(header.ts.tv_usec)};
}

void PcapInterface::CloseHandle::operator()(pcap* handle) const { pcap_close(handle); }

absl::StatusOr<std::unique_ptr<PcapInterface>> PcapInterface::Open(
    const std::string& name, const PcapInterfaceOptions& options) {
  std::unique_ptr<PcapInterface> opened(new PcapInterface(name, options));
  const absl::Status started = opened->Start();
  if (!started.ok()) return started;
  return opened;
}

PcapInterface::PcapInterface(std::string name, PcapInterfaceOptions options)
    : name_(std::move(name)),
      options_(std::move(options)),
      control_socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

PcapInterface::~PcapInterface() {
  if (control_socket_ >= 0) close(control_socket_);
}

absl::Status PcapInterface::Start() {
  unsigned index = 0;
  link_ = LinkNow(index);
  if (link_ == InterfaceLink::kMissing) return NoSuchInterface(name_);
  char error[PCAP_ERRBUF_SIZE] = "";
  Handle handle(pcap_create(name_.c_str(), error));
  if (handle == nullptr) return absl::UnavailableError(absl::StrCat(name_, ": ", error));
  const absl::Status activated = Activate(handle.get());
  if (activated.ok()) {
    index_ = index;
    Take(std::move(handle));
    return activated;
  }
  // Down: it is looked after and opened once it is up.
  return link_ == InterfaceLink::kDown && absl::IsUnavailable(activated) ? absl::OkStatus()
                                                                         : activated;
}

absl::Status PcapInterface::Activate(pcap* handle) const {
  pcap_set_snaplen(handle, static_cast<int>(options_.snap_length_bytes));
  pcap_set_promisc(handle, options_.promiscuous ? 1 : 0);
  pcap_set_timeout(handle, kBlockAgeMs);
  pcap_set_buffer_size(handle, static_cast<int>(options_.buffer_mib) << 20);
  // Warnings are above 0: "any" knows no promiscuous mode.
  const int activated = pcap_activate(handle);
  if (activated < 0) return FailureOf(activated, handle, name_);
  char error[PCAP_ERRBUF_SIZE] = "";
  if (pcap_setnonblock(handle, 1, error) != 0) return absl::UnavailableError(error);
  if (options_.filter.empty()) return absl::OkStatus();
  bpf_program program = {};
  const bool compiled =
      pcap_compile(handle, &program, options_.filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0;
  const bool set = compiled && pcap_setfilter(handle, &program) == 0;
  if (compiled) pcap_freecode(&program);
  if (set) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the filter \"", options_.filter, "\" has no meaning on '", name_,
                   "': ", pcap_geterr(handle), "; its language is described in pcap-filter(7)"));
}

void PcapInterface::Take(Handle handle) {
  handle_ = std::move(handle);
  descriptor_ = pcap_get_selectable_fd(handle_.get());
  // DLT_RAW is 12 in the library, where files say 101; both are known.
  link_type_ = LinkTypeOf(static_cast<uint32_t>(pcap_datalink(handle_.get())));
  received_before_ = dropped_before_ = missed_before_ = 0;
  capturing_ = true;
}

bool PcapInterface::Read(PacketBatch& batch) noexcept {
  if (handle_ == nullptr) return false;
  DispatchTarget target{&batch, link_type_};
  const int read = pcap_dispatch(handle_.get(), static_cast<int>(kBurstMax), OnPacket,
                                 reinterpret_cast<u_char*>(&target));
  in_ring_ -= batch.count();
  if (read < 0 && read != PCAP_ERROR_BREAK) Abandon();
  return batch.count() != 0;
}

// in_ring_ runs below zero between two looks at the kernel's counts, which is what wrapping is for.
void PcapInterface::TakeStatistics() noexcept {
  pcap_stat counts = {};
  if (handle_ == nullptr || pcap_stats(handle_.get(), &counts) != 0) return;
  // The kernel counts as received what it then drops.
  const uint32_t dropped = Since(dropped_before_, counts.ps_drop);
  in_ring_ += Since(received_before_, counts.ps_recv);
  in_ring_ -= dropped;
  kernel_ += dropped;
  nic_missed_ += Since(missed_before_, counts.ps_ifdrop);
}

void PcapInterface::Settle() noexcept {
  TakeStatistics();
  if (in_ring_ <= std::numeric_limits<uint32_t>::max()) other_ += in_ring_;
  in_ring_ = 0;
}

void PcapInterface::Abandon() noexcept {
  Settle();
  handle_.reset();
  descriptor_ = -1;
  capturing_ = false;
  unsigned index = 0;
  Interrupt(LinkNow(index));
}

void PcapInterface::Interrupt(InterfaceLink link) noexcept {
  ++interruptions_;
  link_ = link;
}

InterfaceLink PcapInterface::LinkNow(unsigned& index) const noexcept {
  if (name_ == kAny) return InterfaceLink::kUp;
  index = 0;
  ifreq request = {};
  if (name_.size() >= sizeof request.ifr_name) return InterfaceLink::kMissing;
  name_.copy(request.ifr_name, name_.size());
  if (ioctl(control_socket_, SIOCGIFINDEX, &request) != 0) return InterfaceLink::kMissing;
  index = static_cast<unsigned>(request.ifr_ifindex);
  if (ioctl(control_socket_, SIOCGIFFLAGS, &request) != 0) return InterfaceLink::kMissing;
  return (request.ifr_flags & IFF_UP) != 0 ? InterfaceLink::kUp : InterfaceLink::kDown;
}

void PcapInterface::Attend() noexcept {
  TakeStatistics();
  unsigned index = 0;
  const InterfaceLink link = LinkNow(index);
  if (handle_ != nullptr) {
    // Another interface of the same name: the ring of the one that was removed stays silent.
    if (index != index_) return Abandon();
    if (link != InterfaceLink::kUp && link_ == InterfaceLink::kUp) return Interrupt(link);
    link_ = link;
    return;
  }
  link_ = link;
  // Once more when it stands, so that a reopening is whole or did not happen.
  if (link == InterfaceLink::kUp && Start().ok() && handle_ != nullptr) ++reopenings_;
}

void PcapInterface::CloseRing() noexcept {
  if (handle_ == nullptr) return;
  sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_fprog program = {.len = 1, .filter = nothing};
  static_cast<void>(
      setsockopt(descriptor_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

InterfaceState PcapInterface::state() const noexcept {
  return {.link = link_,
          .capturing = capturing_,
          .interruptions = interruptions_,
          .reopenings = reopenings_};
}

SourceLosses PcapInterface::losses() const noexcept {
  return {.nic_missed = nic_missed_, .kernel = kernel_, .other = other_};
}

}  // namespace vedette
