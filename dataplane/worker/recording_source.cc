#include "dataplane/worker/recording_source.h"

#include "dataplane/decode/decode.h"
#include "dataplane/track/packet_keys.h"

namespace vedette {

PacketRecorder::PacketRecorder(size_t index, size_t workers, const KeyedHash& hash,
                               const TapeOptions& options, bool may_wait)
    : hash_(hash), may_wait_(may_wait) {
  for (size_t shard = index; shard < kShards; shard += workers) {
    for (size_t i = 0; i < kGenerations; ++i) {
      tapes_.push_back(std::make_unique<PacketTape>(options));
      if (i != 0) GiveBack(tapes_.back().get());
    }
    writing_[shard] = tapes_[tapes_.size() - kGenerations].get();
  }
  for (size_t shard = 0; shard < kShards; ++shard) {
    const size_t own = index + shard / workers * workers;
    own_of_[shard] = static_cast<uint8_t>(own < kShards ? own : index);
  }
}

void PacketRecorder::OnBurst(const PacketBurst& burst) noexcept {
  const uint64_t second = burst.now.second();
  if (started_ && second > second_) HandOver();
  if (!started_ || second > second_) second_ = second;
  started_ = true;
  for (const PacketView& view : burst.views()) {
    DecodedPacket packet;
    PacketKeys keys;
    Decode(view, Checksums::kSkip, packet);
    KeysOf(packet, hash_, keys);
    PacketTape* const tape = writing_[own_of_[keys.pair_hash.value >> 60]];
    if (tape != nullptr) tape->Append(view, keys);
  }
}

void PacketRecorder::Finish() noexcept {
  if (started_) HandOver();
}

// Before the worker marks the second: who takes the mark finds the tapes.
void PacketRecorder::HandOver() noexcept {
  for (size_t shard = 0; shard < kShards; ++shard) {
    PacketTape*& tape = writing_[shard];
    if (tape == nullptr || tape->empty()) continue;
    if (may_wait_) {
      static_cast<void>(spare_.WaitForFilled());
    } else if (spare_.IfFilled() == nullptr) {
      tape->Clear();  // the control thread is behind: this second is left out
      continue;
    }
    tape->SetPlace(second_, shard);
    filled_.WaitForFree() = tape;
    filled_.Publish();
    tape = *spare_.IfFilled();
    spare_.Free();
  }
}

PacketTape* PacketRecorder::Oldest(uint64_t second) noexcept {
  PacketTape* const* const oldest = filled_.IfFilled();
  if (oldest == nullptr || (*oldest)->second() > second) return nullptr;
  PacketTape* const tape = *oldest;
  filled_.Free();
  return tape;
}

void PacketRecorder::GiveBack(PacketTape* tape) noexcept {
  tape->Clear();
  spare_.WaitForFree() = tape;
  spare_.Publish();
}

}  // namespace vedette
