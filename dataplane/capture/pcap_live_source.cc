#include "dataplane/capture/pcap_live_source.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vedette {
namespace {

constexpr size_t kInterfacesMax = 16;
// How far the time that is told stays behind the host's while nothing comes: longer than a packet
// lies in the kernel's ring before it is shown, so that its stamp is still to come.
constexpr uint64_t kIdleLagUs = 50'000;
constexpr int kWaitMsMax = 100;
constexpr int kWaitInVainMs = 10;
// At the end a part-filled block of the ring takes its time to appear; a ring that is full is read
// for so long and no longer.
constexpr uint64_t kDrainUsMin = 60'000;
constexpr uint64_t kDrainUsMax = 2'000'000;

}  // namespace

absl::StatusOr<std::unique_ptr<PcapLiveSource>> PcapLiveSource::Open(
    const std::vector<std::string>& interfaces, const PcapInterfaceOptions& options,
    HostTime start) {
  if (interfaces.empty() || interfaces.size() > kInterfacesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("found ", interfaces.size(), " interfaces, allowed 1 to ", kInterfacesMax));
  }
  std::vector<std::unique_ptr<PcapInterface>> opened;
  std::vector<std::string> faults;
  absl::StatusCode code = absl::StatusCode::kOk;
  for (const std::string& name : interfaces) {
    absl::StatusOr<std::unique_ptr<PcapInterface>> one = PcapInterface::Open(name, options);
    if (one.ok()) {
      opened.push_back(*std::move(one));
    } else {
      code = one.status().code();
      faults.emplace_back(one.status().message());
    }
  }
  if (!faults.empty()) return absl::Status(code, absl::StrJoin(faults, "\n"));
  return std::unique_ptr<PcapLiveSource>(
      new PcapLiveSource(std::move(opened), options.snap_length_bytes, start));
}

PcapLiveSource::PcapLiveSource(std::vector<std::unique_ptr<PcapInterface>> interfaces,
                               uint32_t snap_length_bytes, HostTime start)
    : interfaces_(std::move(interfaces)),
      batch_(snap_length_bytes),
      clock_(start),
      host_(start),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

PcapLiveSource::~PcapLiveSource() {
  if (wake_ >= 0) close(wake_);
}

void PcapLiveSource::Stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  static_cast<void>(eventfd_write(wake_, 1));
}

SourceLosses PcapLiveSource::losses() const noexcept {
  SourceLosses sum;
  for (const auto& one : interfaces_) sum += one->losses();
  return sum;
}

SourceState PcapLiveSource::Receive(PacketBurst& burst) noexcept {
  burst.count = 0;
  if (next_ == batch_.count()) {
    if (idle_) Wait();
    host_ = ReadHostTime();
    clock_.Observe(host_);
    clock_offset_us_.store(clock_.offset_us(), std::memory_order_relaxed);
    if (stopping_.load(std::memory_order_acquire)) BeginToDrain();
    if (DrainedFor(kDrainUsMax)) return End(burst);
    if (!Refill()) return Idle(burst);
  }
  FillBurst(burst);
  return SourceState::kOpen;
}

// One interface fills one batch; the next one is asked first the next time.
bool PcapLiveSource::Refill() noexcept {
  batch_.Clear();
  next_ = 0;
  for (size_t i = 0; i < interfaces_.size(); ++i) {
    PcapInterface& asked = *interfaces_[turn_];
    turn_ = turn_ + 1 == interfaces_.size() ? 0 : turn_ + 1;
    if (asked.Read(batch_)) {
      idle_ = woken_in_vain_ = false;
      return true;
    }
  }
  idle_ = true;
  return false;
}

// Stamps that run backwards, within an interface or between two, count at the latest time told.
void PcapLiveSource::FillBurst(PacketBurst& burst) noexcept {
  for (; next_ < batch_.count() && burst.count < kBurstMax; ++next_) {
    const Timestamp stamped = clock_.OfWall(batch_[next_].wall_us);
    if (burst.count != 0 && stamped.second() > clock_.told().second()) break;
    Tell(stamped);
    if (clock_.told() < stamped) break;  // an empty second on the way
    burst.packets[burst.count] = batch_[next_].view;
    burst.packets[burst.count++].arrival = clock_.told();
  }
  burst.now = clock_.told();
}

// Losses are taken before the mark, so that they belong to the second it closes.
void PcapLiveSource::Tell(Timestamp wanted) noexcept {
  const uint64_t second = clock_.told().second();
  if (clock_.Tell(wanted).second() == second) return;
  for (const auto& one : interfaces_) one->Attend();
}

SourceState PcapLiveSource::Idle(PacketBurst& burst) noexcept {
  const uint64_t now_us = clock_.OfWall(host_.wall_us).us;
  Tell({now_us - std::min(now_us, kIdleLagUs)});
  burst.now = clock_.told();
  return DrainedFor(kDrainUsMin) ? End(burst) : SourceState::kOpen;
}

// Told to stop: what is in the rings by now is read, and nothing more gets in.
void PcapLiveSource::BeginToDrain() noexcept {
  if (draining_) return;
  draining_ = true;
  drain_begin_us_ = host_.steady_us;
  for (const auto& one : interfaces_) one->CloseRing();
  eventfd_t woken;
  static_cast<void>(eventfd_read(wake_, &woken));
}

bool PcapLiveSource::DrainedFor(uint64_t us) const noexcept {
  return draining_ && host_.steady_us - drain_begin_us_ >= us;
}

SourceState PcapLiveSource::End(PacketBurst& burst) noexcept {
  burst.now = clock_.told();
  for (const auto& one : interfaces_) one->Settle();
  return SourceState::kEnded;
}

// A descriptor may be ready with nothing to read, as that of an interface that went down: it must
// not keep the core busy.
void PcapLiveSource::Wait() noexcept {
  std::array<pollfd, kInterfacesMax + 1> descriptors;
  nfds_t count = 0;
  descriptors[count++] = {.fd = wake_, .events = POLLIN, .revents = 0};
  if (!woken_in_vain_) {
    for (const auto& one : interfaces_) {
      descriptors[count++] = {.fd = one->descriptor(), .events = POLLIN, .revents = 0};
    }
  }
  const int ready =
      poll(descriptors.data(), count, woken_in_vain_ || draining_ ? kWaitInVainMs : kWaitMsMax);
  woken_in_vain_ = !woken_in_vain_ && ready > 0;
}

}  // namespace vedette
