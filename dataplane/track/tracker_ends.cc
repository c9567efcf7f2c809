// The tracker's half that follows a flow through time: its calls, its deadlines, its end.
#include <algorithm>

#include "dataplane/track/packet_kind.h"
#include "dataplane/track/tracker.h"

namespace vedette {
namespace {

constexpr uint64_t kSecondUs = 1'000'000;
constexpr uint64_t kCallQuietUs = 1'000'000;

bool IsGroup(const IpAddress& ip) { return ip.is_multicast() || ip.is_broadcast(); }

uint64_t SecondFrom(uint64_t at_us) { return (at_us + kSecondUs - 1) / kSecondUs; }

bool IsOver(const Flow& flow) {
  return flow.state == FlowState::kClosed || flow.state == FlowState::kReset;
}

}  // namespace

// Keep-alives (no payload, or one stale byte: RFC 9293, 3.8.4) are nobody's call.
void Tracker::UpdateCall(const DecodedPacket& packet, const TrackedPacket& out,
                         uint64_t quiet_us) noexcept {
  Flow& flow = *out.flow;
  const bool tcp = Is(packet, IpProtocol::kTcp);
  const bool talks = !tcp || packet.payload_wire_length > 1;
  const bool opens = out.new_flow && (flow.state != FlowState::kMidstream || talks);
  const bool resumes =
      !out.new_flow && talks && (quiet_us >= kCallQuietUs || flow.call_start_us == 0);
  if (out.forward && (opens || resumes)) {
    if (flow.call_start_us != 0) {
      LogCall(flow, ContactPhase::kEnd, resumes, packet.arrival.us - quiet_us);
    }
    flow.call_start_us = packet.arrival.us;
    flow.call_bytes_out = flow.call_bytes_in = 0;
    LogCall(flow, ContactPhase::kStart, resumes, 0);
  }
  (out.forward ? flow.call_bytes_out : flow.call_bytes_in) += out.bytes;
}

void Tracker::LogCall(const Flow& flow, ContactPhase phase, bool resumed,
                      uint64_t end_us) noexcept {
  Contact* contact = window_.contacts->Append();
  if (contact == nullptr) return;
  *contact = {.phase = phase,
              .outcome = flow.outcome,
              .protocol = flow.key.protocol,
              .app = flow.app,
              .resumed = resumed,
              .vlan = flow.vlan,
              .port = flow.responder_port(),
              .device = flow.initiator_ip(),
              .destination = flow.responder_ip(),
              .start_us = flow.call_start_us,
              .end_us = end_us,
              .bytes_out = phase == ContactPhase::kEnd ? flow.call_bytes_out : 0,
              .bytes_in = phase == ContactPhase::kEnd ? flow.call_bytes_in : 0};
}

uint64_t Tracker::IdleEndUs(const Flow& flow) const noexcept {
  uint64_t idle_s = options_.idle_timeout_s;
  if (flow.key.protocol == static_cast<uint8_t>(IpProtocol::kTcp)) {
    const bool half_open = flow.state == FlowState::kSyn || flow.state == FlowState::kSynAck;
    idle_s = half_open ? options_.handshake_timeout_s : options_.tcp_idle_timeout_s;
  }
  if (IsOver(flow)) idle_s = options_.closed_linger_s;
  return flow.last_us + idle_s * kSecondUs;
}

uint64_t Tracker::ActiveEndUs(const Flow& flow) const noexcept {
  const uint64_t start_us = flow.start_us != 0 ? flow.start_us : flow.last_us;
  return start_us + options_.active_timeout_s * kSecondUs;
}

// Of a sole packet's flow the fields behind the first line are not to be looked at.
uint64_t Tracker::DeadlineOf(const Flow& flow) const noexcept {
  uint64_t end_us = IdleEndUs(flow);
  if (flow.is_sole) [[unlikely]] {
    end_us = std::min(end_us, flow.last_us + options_.active_timeout_s * kSecondUs);
  } else {
    end_us = std::min(end_us, ActiveEndUs(flow));
  }
  return SecondFrom(end_us);
}

void Tracker::ExpireUntil(uint64_t second) noexcept {
  flows_.ExpireUntil(second, [this, second](Flow& flow) { return OnDue(flow, second); });
}

// Packets move a flow's last_us, not its place in the wheel: it is looked at when the deadline it
// had comes, and put off if it has a later one now.
uint64_t Tracker::OnDue(Flow& flow, uint64_t second) noexcept {
  const uint64_t deadline_s = DeadlineOf(flow);
  if (deadline_s > second) return deadline_s;
  if (flow.is_sole) {
    // Where parts are shorter than handshakes.
    if (options_.active_timeout_s < options_.handshake_timeout_s) {
      flow.Unfold();
    } else {
      End(flow, FlowEnd::kIdle);
      return 0;
    }
  }
  if (ActiveEndUs(flow) < IdleEndUs(flow)) {
    observer_.OnFlowEnd(flow, FlowEnd::kActive);
    ++flow.part;
    flow.packets = flow.bytes = {};
    flow.start_us = 0;
    return DeadlineOf(flow);
  }
  End(flow, IsOver(flow) ? FlowEnd::kEnd : FlowEnd::kIdle);
  return 0;
}

void Tracker::EndAll() noexcept {
  flows_.EndAll([this](Flow& flow) { End(flow, FlowEnd::kForced); });
}

void Tracker::End(Flow& flow, FlowEnd end) noexcept {
  ++window_.counters->flows_ended;
  if (flow.outcome == FlowOutcome::kPending && flow.state != FlowState::kMidstream &&
      end != FlowEnd::kForced && !IsGroup(flow.responder_ip())) {
    flow.outcome = FlowOutcome::kUnanswered;
    // A stranger's row may be gone, and a flood must not bring it back a flow at a time.
    if (flow.initiator_is_home) {
      const EndpointKey key = {.ip = flow.initiator_ip(), .vlan = flow.vlan};
      ++window_.endpoints->Obtain(key, hash_.OfEndpoint(key), true)->counters.flows_unanswered;
    }
  }
  if (flow.is_sole) {
    EndSole(flow, end);
  } else {
    EndWhole(flow, end);
  }
}

void Tracker::EndSole(Flow& flow, FlowEnd end) noexcept {
  ++window_.counters->flows_ended_one_way;
  window_.counters->flow_bytes.Add(flow.sole_bytes);
  observer_.OnSoleFlowEnd(flow, end);
}

// Out of line, as its fields are out of the first line: not to be fetched ahead of the question.
[[gnu::noinline]] void Tracker::EndWhole(Flow& flow, FlowEnd end) noexcept {
  window_.counters->flows_ended_one_way += flow.one_way();
  window_.counters->flow_bytes.Add(flow.all_bytes[0] + flow.all_bytes[1]);
  if (flow.direction == Direction::kOutbound && flow.call_start_us != 0) {
    LogCall(flow, ContactPhase::kEnd, false, flow.last_us);
  }
  observer_.OnFlowEnd(flow, end);
}

}  // namespace vedette
