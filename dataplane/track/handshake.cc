#include "dataplane/track/handshake.h"

namespace vedette {
namespace {

bool IsTcp(const DecodedPacket& packet) {
  return packet.protocol == static_cast<uint8_t>(IpProtocol::kTcp);
}
bool IsSyn(uint8_t flags) { return (flags & (kTcpSyn | kTcpAck | kTcpRst)) == kTcpSyn; }
bool IsSynAck(uint8_t flags) {
  return (flags & (kTcpSyn | kTcpAck | kTcpRst)) == (kTcpSyn | kTcpAck);
}

void Accept(Flow& flow, HandshakeStep& step) {
  if (flow.outcome != FlowOutcome::kPending) return;
  flow.outcome = FlowOutcome::kAccepted;
  step.accepted = true;
}

void Reset(Flow& flow, bool forward, HandshakeStep& step) {
  if (!forward && flow.state == FlowState::kSyn && flow.outcome == FlowOutcome::kPending) {
    flow.outcome = FlowOutcome::kRefused;
    step.refused = true;
  }
  step.closed = flow.state != FlowState::kReset;
  flow.state = FlowState::kReset;
}

// Anything but SYN and RST. In a capture of one direction the SYN-ACK is never seen: an initiator
// that acknowledges has seen it for us.
void Talk(Flow& flow, const DecodedPacket& packet, bool forward, HandshakeStep& step) {
  switch (flow.state) {
    case FlowState::kSyn:
      if (forward && (packet.tcp_flags & kTcpAck) == 0) return;
      Accept(flow, step);
      flow.state = FlowState::kEstablished;
      step.completed = true;
      return;
    case FlowState::kSynAck:
      if (!forward || (packet.tcp_flags & kTcpAck) == 0) return;
      Accept(flow, step);
      flow.state = FlowState::kEstablished;
      step.completed = true;
      return;
    case FlowState::kMidstream:
      if (!flow.one_way()) Accept(flow, step);
      return;
    default:
      return;
  }
}

}  // namespace

Beginner BeginnerOf(const DecodedPacket& packet) noexcept {
  if (!IsTcp(packet) || IsSyn(packet.tcp_flags)) return Beginner::kSource;
  return IsSynAck(packet.tcp_flags) ? Beginner::kTarget : Beginner::kUnknown;
}

FlowState FirstState(const DecodedPacket& packet) noexcept {
  if (!IsTcp(packet)) return FlowState::kNew;
  if (IsSyn(packet.tcp_flags)) return FlowState::kSyn;
  if (IsSynAck(packet.tcp_flags)) return FlowState::kSynAck;
  return FlowState::kMidstream;
}

bool BeginsAnew(const Flow& flow, const DecodedPacket& packet) noexcept {
  return IsTcp(packet) && IsSyn(packet.tcp_flags) &&
         (flow.state == FlowState::kClosed || flow.state == FlowState::kReset);
}

HandshakeStep Advance(Flow& flow, const DecodedPacket& packet, bool forward) noexcept {
  HandshakeStep step;
  if (!IsTcp(packet)) {
    if (!forward && flow.state == FlowState::kNew) {
      flow.state = FlowState::kEstablished;
      Accept(flow, step);
    }
    return step;
  }
  const uint8_t flags = packet.tcp_flags;
  if ((flags & kTcpRst) != 0) {
    Reset(flow, forward, step);
  } else if (IsSynAck(flags)) {
    if (!forward && flow.state == FlowState::kSyn) flow.state = FlowState::kSynAck;
    if (!forward) Accept(flow, step);
  } else if (!IsSyn(flags)) {
    Talk(flow, packet, forward, step);
    const bool both_finished = (flow.tcp_flags[0] & flow.tcp_flags[1] & kTcpFin) != 0;
    if (both_finished && flow.state != FlowState::kReset && flow.state != FlowState::kClosed) {
      flow.state = FlowState::kClosed;
      step.closed = true;
    }
  }
  return step;
}

}  // namespace vedette
