// Packets of one or several interfaces through libpcap, until told to stop. Times are the kernel's
// stamps while packets come and the host's when none do. Polled by one thread, which sleeps a
// bounded while when there is nothing; packets are copied into the source's memory, as libpcap
// lends them for one call only.
#ifndef VEDETTE_DATAPLANE_CAPTURE_PCAP_LIVE_SOURCE_H_
#define VEDETTE_DATAPLANE_CAPTURE_PCAP_LIVE_SOURCE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/capture/live_clock.h"
#include "dataplane/capture/live_source.h"
#include "dataplane/capture/pcap_interface.h"

namespace vedette {

class PcapLiveSource final : public LiveSource {
 public:
  // Every interface that cannot be opened in one status. Sources of one sensor share `start`.
  static absl::StatusOr<std::unique_ptr<PcapLiveSource>> Open(
      const std::vector<std::string>& interfaces, const PcapInterfaceOptions& options,
      HostTime start);
  ~PcapLiveSource() override;

  SourceState Receive(PacketBurst& burst) noexcept override;
  SourceLosses losses() const noexcept override;
  void Stop() noexcept override;
  int64_t clock_offset_us() const noexcept override { return clock_offset_us_; }

  // Any thread.
  size_t interfaces() const { return interfaces_.size(); }
  const PcapInterface& interface(size_t i) const { return *interfaces_[i]; }

 private:
  PcapLiveSource(std::vector<std::unique_ptr<PcapInterface>> interfaces, uint32_t snap_length_bytes,
                 HostTime start);
  bool Refill() noexcept;
  void FillBurst(PacketBurst& burst) noexcept;
  SourceState Idle(PacketBurst& burst) noexcept;
  void BeginToDrain() noexcept;
  bool DrainedFor(uint64_t us) const noexcept;
  SourceState End(PacketBurst& burst) noexcept;
  void Tell(Timestamp wanted) noexcept;
  void Wait() noexcept;

  std::vector<std::unique_ptr<PcapInterface>> interfaces_;
  PacketBatch batch_;
  size_t next_ = 0;  // of the batch
  size_t turn_ = 0;  // the interface that is asked first
  LiveClock clock_;
  HostTime host_;      // when the clock was asked last
  bool idle_ = false;  // nothing was there when all were asked last
  bool woken_in_vain_ = false;
  bool draining_ = false;
  uint64_t drain_begin_us_ = 0;
  int wake_;  // an eventfd that ends a wait
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> clock_offset_us_{0};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_PCAP_LIVE_SOURCE_H_
