// Hands the packets of one source to several workers by the shard of their address pair, and every
// second mark to all of them, so that intervals have the same borders everywhere. Run by a reader
// thread of its own; each worker polls its port. Nothing is lost: who is ahead waits.
#ifndef VEDETTE_DATAPLANE_WORKER_FAN_OUT_H_
#define VEDETTE_DATAPLANE_WORKER_FAN_OUT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/capture/packet_source.h"
#include "dataplane/decode/decode.h"
#include "dataplane/sketch/zeroed_array.h"
#include "dataplane/track/keyed_hash.h"
#include "dataplane/worker/spsc_ring.h"
#include "dataplane/worker/turn_count.h"

namespace vedette {

enum class WhenFull : uint8_t { kWait, kDrop };

class FanOut {
 public:
  FanOut(size_t workers, const KeyedHash& hash, WhenFull when_full = WhenFull::kWait);
  ~FanOut();

  // Polled by that worker; owned by the fan-out.
  PacketSource& port(size_t worker) noexcept;
  // Reader thread: until the source has ended.
  void Run(PacketSource& source) noexcept;
  // Any thread: packets that found a queue full.
  uint64_t dropped() const noexcept;
  // Any thread: bursts of the source, empty ones too.
  uint64_t turns() const noexcept { return turns_.load(); }

 private:
  class Port;
  Port& PortOf(const PacketView& view) noexcept;
  void FlushAll() noexcept;

  KeyedHash hash_;
  DecodedPacket scratch_;
  std::vector<std::unique_ptr<Port>> ports_;
  TurnCount turns_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_WORKER_FAN_OUT_H_
