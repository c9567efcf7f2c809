// One network interface, read through libpcap without waiting. Outlives the interface: one that
// goes down, is removed or fails is watched and opened again, with every packet's end counted
// across all openings. Owned by a live source and used by the thread that polls it, but for state()
// and losses(), which any thread may ask.
#ifndef VEDETTE_DATAPLANE_CAPTURE_PCAP_INTERFACE_H_
#define VEDETTE_DATAPLANE_CAPTURE_PCAP_INTERFACE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dataplane/capture/live_source.h"
#include "dataplane/sketch/zeroed_array.h"

struct pcap;
struct pcap_pkthdr;

namespace vedette {

struct PcapInterfaceOptions {
  std::string filter;  // pcap-filter(7); empty: every packet
  uint32_t snap_length_bytes = 262'144;
  uint32_t buffer_mib = 64;  // the kernel's ring, of each interface
  bool promiscuous = true;
};

enum class InterfaceLink : uint8_t { kUp, kDown, kMissing };

// As counted since the start; for logs.
struct InterfaceState {
  InterfaceLink link = InterfaceLink::kDown;
  bool capturing = false;
  uint32_t interruptions = 0;  // times it went down, was removed, or could not be read
  uint32_t reopenings = 0;
};

// Packets copied out of the kernel's ring, as libpcap lends them for one call only.
class PacketBatch {
 public:
  struct Packet {
    PacketView view;  // arrival is not set
    uint64_t wall_us = 0;
  };

  explicit PacketBatch(uint32_t snap_length_bytes)
      : bytes_(kBurstMax * size_t{snap_length_bytes}) {}

  void Clear() noexcept { count_ = used_bytes_ = 0; }
  void Append(const pcap_pkthdr& header, const unsigned char* bytes, LinkType link) noexcept;
  size_t count() const noexcept { return count_; }
  const Packet& operator[](size_t i) const noexcept { return packets_[i]; }

 private:
  std::array<Packet, kBurstMax> packets_;
  size_t count_ = 0;
  size_t used_bytes_ = 0;
  ZeroedArray<std::byte> bytes_;  // touched as far as it is used
};

class PcapInterface {
 public:
  // A missing interface, missing rights and a filter that does not compile are faults; an interface
  // that is down is waited for.
  static absl::StatusOr<std::unique_ptr<PcapInterface>> Open(const std::string& name,
                                                             const PcapInterfaceOptions& options);
  ~PcapInterface();

  // Fills an empty batch with what is there. False: nothing.
  bool Read(PacketBatch& batch) noexcept;
  // Takes the kernel's counts and looks after the interface; opens it again. Once a second.
  void Attend() noexcept;
  // No further packet enters the ring; what is in it can still be read.
  void CloseRing() noexcept;
  // The last counts, once nothing is left to read.
  void Settle() noexcept;

  // To poll for packets; -1: not open.
  int descriptor() const noexcept { return descriptor_; }
  const std::string& name() const { return name_; }
  InterfaceState state() const noexcept;
  SourceLosses losses() const noexcept;

 private:
  struct CloseHandle {
    void operator()(pcap* handle) const;
  };
  using Handle = std::unique_ptr<pcap, CloseHandle>;

  PcapInterface(std::string name, PcapInterfaceOptions options);
  absl::Status Start();
  absl::Status Activate(pcap* handle) const;
  void Take(Handle handle);
  void TakeStatistics() noexcept;
  void Abandon() noexcept;
  void Interrupt(InterfaceLink link) noexcept;
  InterfaceLink LinkNow(unsigned& index) const noexcept;

  std::string name_;
  PcapInterfaceOptions options_;
  int control_socket_;
  Handle handle_;
  int descriptor_ = -1;
  unsigned index_ = 0;  // the kernel's, of the interface that was opened
  LinkType link_type_ = LinkType::kUnsupported;
  // Of this opening, as libpcap counts: 32 bits that wrap.
  uint32_t received_before_ = 0, dropped_before_ = 0, missed_before_ = 0;
  // Entered the ring and neither read nor given up.
  uint64_t in_ring_ = 0;
  std::atomic<uint64_t> kernel_{0}, nic_missed_{0}, other_{0};
  std::atomic<InterfaceLink> link_{InterfaceLink::kDown};
  std::atomic<bool> capturing_{false};
  std::atomic<uint32_t> interruptions_{0}, reopenings_{0};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_PCAP_INTERFACE_H_
