#include "dataplane/worker/fan_out.h"

#include <atomic>
#include <cstring>

#include "dataplane/track/packet_keys.h"
#include "dataplane/worker/shard.h"

namespace vedette {
namespace {

// Room for the largest packet; most batches are full long before.
constexpr size_t kBatchBytes = size_t{2} * kWireLengthMax;
// A replay's fit a cache; live ones hold 8,192 packets, 8 ms of a million a second, to outlast a
// worker that is not scheduled.
constexpr size_t kBatches = 16;
constexpr size_t kLiveBatches = 256;

// A burst with its bytes. Memory is touched as far as it is used.
struct Batch {
  PacketBurst burst;
  bool ended = false;
  size_t used_bytes = 0;
  ZeroedArray<std::byte> bytes{0};
};

}  // namespace

class FanOut::Port final : public PacketSource {
 public:
  explicit Port(WhenFull when_full)
      : when_full_(when_full), ring_(when_full == WhenFull::kWait ? kBatches : kLiveBatches) {
    for (Batch& batch : ring_.slots()) batch.bytes = ZeroedArray<std::byte>(kBatchBytes);
  }

  SourceState Receive(PacketBurst& burst) noexcept override {
    const Batch& batch = ring_.WaitForFilled();
    burst = batch.burst;
    return batch.ended ? SourceState::kEnded : SourceState::kOpen;
  }
  void Release(PacketBurst& burst) noexcept override {
    burst.count = 0;
    ring_.Free();
  }

  // Reader thread from here on.
  void Append(const PacketView& view, Timestamp now) noexcept {
    if (open_ != nullptr && open_->used_bytes + view.bytes.size() > kBatchBytes) Flush();
    if (open_ == nullptr && when_full_ == WhenFull::kDrop && ring_.IfFree() == nullptr) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    Batch& batch = Open(now);
    std::byte* const place = &batch.bytes[batch.used_bytes];
    if (!view.bytes.empty()) std::memcpy(place, view.bytes.data(), view.bytes.size());
    PacketView& copy = batch.burst.packets[batch.burst.count++];
    copy = view;
    copy.bytes = {place, view.bytes.size()};
    batch.used_bytes += view.bytes.size();
    batch.burst.now = now;
    if (batch.burst.count == kBurstMax) Flush();
  }
  void Mark(Timestamp now) noexcept {
    Flush();
    Open(now);
    Flush();
  }
  void End(Timestamp now) noexcept {
    Open(now).ended = true;
    Flush();
  }
  void Flush() noexcept {
    if (open_ == nullptr) return;
    open_ = nullptr;
    ring_.Publish();
  }

  uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  Batch& Open(Timestamp now) noexcept {
    if (open_ == nullptr) {
      open_ = &ring_.WaitForFree();
      open_->burst.count = 0;
      open_->burst.now = now;
      open_->ended = false;
      open_->used_bytes = 0;
    }
    return *open_;
  }

  const WhenFull when_full_;
  SpscRing<Batch, kLiveBatches> ring_;
  Batch* open_ = nullptr;
  std::atomic<uint64_t> dropped_{0};
};

FanOut::FanOut(size_t workers, const KeyedHash& hash, WhenFull when_full) : hash_(hash) {
  for (size_t i = 0; i < workers; ++i) ports_.push_back(std::make_unique<Port>(when_full));
}
FanOut::~FanOut() = default;

PacketSource& FanOut::port(size_t worker) noexcept { return *ports_[worker]; }

uint64_t FanOut::dropped() const noexcept {
  uint64_t sum = 0;
  for (const auto& port : ports_) sum += port->dropped();
  return sum;
}

void FanOut::FlushAll() noexcept {
  for (const auto& port : ports_) port->Flush();
}

FanOut::Port& FanOut::PortOf(const PacketView& view) noexcept {
  Decode(view, Checksums::kSkip, scratch_);
  return *ports_[ShardOf(PairHash(scratch_, hash_)) % ports_.size()];
}

void FanOut::Run(PacketSource& source) noexcept {
  PacketBurst burst;
  uint64_t second = 0;
  bool started = false;
  SourceState state;
  do {
    state = source.Receive(burst);
    // As the worker's: a source that ends before its first packet never had a time.
    const bool tells_time = started || state == SourceState::kOpen || burst.count != 0;
    if (tells_time && (!started || burst.now.second() > second)) {
      started = true;
      second = burst.now.second();
      for (const auto& port : ports_) port->Mark(burst.now);
    }
    for (const PacketView& view : burst.views()) PortOf(view).Append(view, burst.now);
    // Nothing more is there: what is in hand need not wait for company.
    if (burst.count == 0) FlushAll();
    source.Release(burst);
    turns_.Add();
  } while (state != SourceState::kEnded);
  for (const auto& port : ports_) port->End(burst.now);
}

}  // namespace vedette
