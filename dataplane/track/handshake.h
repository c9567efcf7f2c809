// How a packet moves its flow on: who began it, whether the other side agreed, when it is over.
// TCP by RFC 9293, 3.3.2, as a listener sees it who may miss one direction; other protocols by who
// spoke. Called by a shard's tracker; no state of its own.
#ifndef VEDETTE_DATAPLANE_TRACK_HANDSHAKE_H_
#define VEDETTE_DATAPLANE_TRACK_HANDSHAKE_H_

#include "dataplane/decode/decode.h"
#include "dataplane/track/flow.h"

namespace vedette {

// What became known with this packet, each at most once in a flow's life.
struct HandshakeStep {
  bool accepted = false;   // the responder answered, or the initiator went on as if it had
  bool refused = false;    // RST against a SYN
  bool completed = false;  // TCP: three-way handshake
  bool closed = false;     // FINs of both sides, or RST
};

enum class Beginner : uint8_t { kSource, kTarget, kUnknown };

// By handshake; kUnknown: TCP that began before the capture.
Beginner BeginnerOf(const DecodedPacket& packet) noexcept;
FlowState FirstState(const DecodedPacket& packet) noexcept;

// A SYN on a flow that is over opens the next one on the same ports.
bool BeginsAnew(const Flow& flow, const DecodedPacket& packet) noexcept;

// `forward`: from the initiator. The flow's counters include the packet already.
HandshakeStep Advance(Flow& flow, const DecodedPacket& packet, bool forward) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_HANDSHAKE_H_
