// A source whose packets are taped on their way to the worker. Only where somebody wants them: a
// worker without it runs not one instruction more. One for each worker; Receive is the worker's,
// Oldest and GiveBack are the control thread's.
#ifndef VEDETTE_DATAPLANE_WORKER_RECORDING_SOURCE_H_
#define VEDETTE_DATAPLANE_WORKER_RECORDING_SOURCE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/capture/packet_source.h"
#include "dataplane/track/keyed_hash.h"
#include "dataplane/worker/packet_tape.h"
#include "dataplane/worker/shard_window.h"
#include "dataplane/worker/spsc_ring.h"

namespace vedette {

class PacketRecorder {
 public:
  // Of the shards s with s % workers == index, as a Worker has them. `may_wait`: for a tape to be
  // given back, rather than leave a second out; a replay's recorder never has to, as its worker
  // waits for windows first.
  PacketRecorder(size_t index, size_t workers, const KeyedHash& hash, const TapeOptions& options,
                 bool may_wait);

  // Worker: a burst of one whole second.
  void OnBurst(const PacketBurst& burst) noexcept;
  void Finish() noexcept;

  // Control thread: the oldest tape of a second up to this one; null: none.
  PacketTape* Oldest(uint64_t second) noexcept;
  void GiveBack(PacketTape* tape) noexcept;

  static constexpr size_t kGenerations = 3;  // being written, handed over, being read

 private:
  void HandOver() noexcept;

  KeyedHash hash_;
  bool may_wait_;
  bool started_ = false;
  uint64_t second_ = 0;
  std::vector<std::unique_ptr<PacketTape>> tapes_;
  std::array<PacketTape*, kShards> writing_{};  // of this worker's shards
  std::array<uint8_t, kShards> own_of_{};       // by shard: which of writing_
  SpscRing<PacketTape*, 64> filled_, spare_;
};

class RecordingSource final : public PacketSource {
 public:
  // Both outlive it.
  RecordingSource(PacketSource& source, PacketRecorder& recorder)
      : source_(source), recorder_(recorder) {}

  SourceState Receive(PacketBurst& burst) noexcept override {
    const SourceState state = source_.Receive(burst);
    recorder_.OnBurst(burst);
    if (state == SourceState::kEnded) recorder_.Finish();
    return state;
  }
  void Release(PacketBurst& burst) noexcept override { source_.Release(burst); }

 private:
  PacketSource& source_;
  PacketRecorder& recorder_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_RECORDING_SOURCE_H_
