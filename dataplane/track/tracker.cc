#include "dataplane/track/tracker.h"

#include "absl/strings/match.h"
#include "dataplane/track/packet_kind.h"

namespace vedette {
namespace {

constexpr uint32_t kEthernetMtuBytes = 1'500;

Carried CarriedBy(const DecodedPacket& packet) {
  if (!packet.has_ip()) return Carried::kNoIp;
  if (Is(packet, IpProtocol::kTcp)) return Carried::kTcp;
  if (Is(packet, IpProtocol::kUdp)) return Carried::kUdp;
  return IsIcmp(packet) ? Carried::kIcmp : Carried::kOtherIp;
}

Direction DirectionOf(bool from_home, bool from_outside, bool to_home, bool to_outside) {
  if (from_home) return to_outside ? Direction::kOutbound : Direction::kInternal;
  if (to_home) return from_outside ? Direction::kInbound : Direction::kInternal;
  return Direction::kExternal;
}

// What most floods and scans consist of, and the most that fits into the first line of a flow.
bool OpensAlone(const DecodedPacket& packet) {
  return Is(packet, IpProtocol::kTcp) && packet.tcp_flags == kTcpSyn &&
         packet.payload_wire_length == 0 && packet.vlan_count <= 1 && packet.tunnel_count == 0 &&
         packet.ip_total_length != 0 && packet.ip_total_length <= UINT16_MAX;
}

bool IsChecksum(DecodeStatus kind) {
  return absl::StartsWith(Describe(kind).wire_name, "checksum.");
}

}  // namespace

Tracker::Tracker(const TrackerOptions& options, const KeyedHash& hash, const HomeNetworks& home,
                 FlowEndObserver& observer)
    : options_(options),
      hash_(hash),
      home_(&home),
      observer_(observer),
      flows_(options.flows),
      duplicates_(options.duplicates),
      fragments_(hash, options.datagrams),
      pairs_(options.pairs) {}

void Tracker::Prefetch(const DecodedPacket& packet, PacketKeys& keys) const noexcept {
  keys.fingerprint = duplicates_.FingerprintOf(packet, keys.pair_hash);
  duplicates_.Prefetch(keys.fingerprint);
  if (keys.has_flow) {
    flows_.Prefetch(keys.flow_hash);
    pairs_.Prefetch(keys.pair_hash);
  }
  window_.endpoints->Prefetch(keys.source_hash);
  if (keys.has_target) window_.endpoints->Prefetch(keys.target_hash);
}

void Tracker::PrefetchRecords(const DecodedPacket& packet, const PacketKeys& keys) const noexcept {
  if (keys.has_flow) flows_.PrefetchFlow(keys.flow_hash, packet.arrival.us);
  window_.endpoints->PrefetchRow(keys.source_hash);
  if (keys.has_target) window_.endpoints->PrefetchRow(keys.target_hash);
}

bool Tracker::Track(const DecodedPacket& packet, const PacketKeys& keys,
                    TrackedPacket& out) noexcept {
  ShardCounters& counters = *window_.counters;
  ++counters.packets;
  counters.bytes += packet.wire_length;
  counters.packet_bytes.Add(packet.wire_length);
  const auto carried = static_cast<size_t>(CarriedBy(packet));
  ++counters.carried_packets[carried];
  counters.carried_bytes[carried] += packet.wire_length;
  ++counters.decoded[static_cast<size_t>(packet.status)];
  if (duplicates_.IsDuplicate(keys.fingerprint, packet.arrival.us)) {
    ++counters.duplicates;
    return false;
  }
  out = {};
  out.packet = &packet;
  out.source_key = keys.source_hash;
  out.target_key = keys.target_hash;
  if (packet.has_ip()) {
    TrackIp(packet, keys, out);
  } else {
    TrackLink(packet, keys, out);
  }
  if (packet.noted_count != 0 || packet.status != DecodeStatus::kOk) {
    ChargeIrregularities(packet, out);
  }
  return true;
}

Tracker::Sides Tracker::SidesOf(const EndpointKey& source,
                                const EndpointKey& target) const noexcept {
  const Realm from = source.is_mac ? Realm{} : home_->RealmOf(source.ip);
  const Realm to = home_->RealmOf(target.ip);
  return {from.home, to.home, from.outside, to.outside};
}

void Tracker::TrackIp(const DecodedPacket& packet, const PacketKeys& keys,
                      TrackedPacket& out) noexcept {
  const Sides sides = SidesOf(keys.source, keys.target);
  window_.counters->home_packets += sides.source_home || sides.target_home;
  window_.counters->oversized_packets += packet.ip_total_length > kEthernetMtuBytes;
  out.bytes = packet.ip_total_length != 0 ? packet.ip_total_length : packet.wire_length;
  out.direction =
      DirectionOf(sides.source_home, sides.source_outside, sides.target_home, sides.target_outside);
  Ends ends{keys.source, keys.target, keys.source_address, keys.target_address};
  EndpointKey &source = ends.source, &target = ends.target;
  if (keys.has_flow) {
    out.flow = &FindOrBegin(packet, keys, sides, out.new_flow);
    if (out.flow->vlan != source.vlan) {  // one direction is tagged, the other is not
      source.vlan = target.vlan = out.flow->vlan;
      out.source_key = hash_.OfEndpoint(source);
      out.target_key = hash_.OfEndpoint(target);
    }
  }
  out.target = window_.endpoints->Obtain(target, out.target_key, sides.target_home);
  out.source = window_.endpoints->Obtain(source, out.source_key, sides.source_home);
  ChargeEndpoints(packet, sides, out);
  if (out.flow != nullptr) {
    ++window_.counters->flow_packets;
    out.forward = keys.source_is_low == out.flow->initiator_is_low;
    if (out.new_flow) ChargeSets(packet, sides, out);
    if (out.flow->is_sole) {
      out.unasked = true;
      ChargeOpening(packet, ends, out);
    } else {
      ChargeFlow(packet, ends, out);
    }
  }
  if (packet.fragment.is_fragment) NoteFragment(packet, out);
  if (IsIcmp(packet) && packet.deepest == Layer::kTransport && IsUnreachable(packet)) {
    ChargeUnreachable(packet, out);
  }
}

Flow& Tracker::FindOrBegin(const DecodedPacket& packet, const PacketKeys& keys, const Sides& sides,
                           bool& begun) noexcept {
  Flow* flow = flows_.Find(keys.flow, keys.flow_hash);
  if (flow != nullptr && BeginsAnew(*flow, packet)) {
    End(*flow, FlowEnd::kEnd);
    flows_.Remove(*flow);
    flow = nullptr;
  }
  if (flow == nullptr) {
    begun = true;
    return Begin(packet, keys, sides);
  }
  if (flow->vlan == 0 && packet.vlan_count != 0) {
    flow->vlan = packet.vlan();
    flow->vlan_count = packet.vlan_count;
    flow->vlans = packet.vlans;
  }
  return *flow;
}

Flow& Tracker::Begin(const DecodedPacket& packet, const PacketKeys& keys,
                     const Sides& sides) noexcept {
  const auto evict = [this](Flow& victim) {
    ++window_.counters->flows_evicted;
    End(victim, FlowEnd::kLackOfResources);
  };
  ++window_.counters->flows_opened;
  const uint64_t now_us = packet.arrival.us;
  const bool outbound = sides.source_home && sides.target_outside;  // whose calls are followed
  Flow* flow;
  if (!outbound && OpensAlone(packet)) {
    flow = flows_.InsertSole(keys.flow, keys.flow_hash, now_us, evict);
    flow->sole_bytes = static_cast<uint16_t>(packet.ip_total_length);
    flow->outcome = FlowOutcome::kPending;
    flow->tunnel_count = 0;
  } else {
    flow = flows_.Insert(keys.flow, keys.flow_hash, now_us, evict);
    flow->vlans = packet.vlans;
    flow->tunnel_count = packet.tunnel_count;
    flow->tunnels = packet.tunnels;
    flow->first_us = flow->start_us = now_us;
  }
  Describe(packet, keys, sides, *flow);
  flows_.Schedule(*flow, DeadlineOf(*flow));
  return *flow;
}

void Tracker::Describe(const DecodedPacket& packet, const PacketKeys& keys, const Sides& sides,
                       Flow& flow) noexcept {
  bool source_begins = true;
  switch (BeginnerOf(packet)) {
    case Beginner::kSource:
      break;
    case Beginner::kTarget:
      source_begins = false;
      break;
    case Beginner::kUnknown:
      source_begins = sides.source_home || !sides.target_home;
      break;
  }
  flow.initiator_is_low = source_begins == keys.source_is_low;
  flow.state = FirstState(packet);
  flow.direction = source_begins ? DirectionOf(sides.source_home, sides.source_outside,
                                               sides.target_home, sides.target_outside)
                                 : DirectionOf(sides.target_home, sides.target_outside,
                                               sides.source_home, sides.source_outside);
  flow.initiator_is_home = source_begins ? sides.source_home : sides.target_home;
  flow.vlan = packet.vlan();
  flow.vlan_count = packet.vlan_count;
  flow.last_us = packet.arrival.us;
  flow.first_contact = pairs_.Meet(keys.pair_hash);
}

void Tracker::ChargeFlow(const DecodedPacket& packet, const Ends& ends,
                         TrackedPacket& out) noexcept {
  Flow& flow = *out.flow;
  const size_t side = out.forward ? 0 : 1;
  out.unasked = flow.all_packets[1 - side] == 0;
  const uint64_t quiet_us = packet.arrival.us - flow.last_us;
  flow.last_us = packet.arrival.us;
  if (flow.start_us == 0) flow.start_us = packet.arrival.us;  // the first of a new part
  ++flow.packets[side];
  ++flow.all_packets[side];
  flow.bytes[side] += out.bytes;
  flow.all_bytes[side] += out.bytes;
  flow.tcp_flags[side] |= packet.tcp_flags;
  if (flow.direction == Direction::kOutbound) UpdateCall(packet, out, quiet_us);
  if (out.new_flow) ChargeBeginning(packet, ends, out);
  const HandshakeStep step = Advance(flow, packet, out.forward);
  ChargeOutcome(packet, ends, out, step);
  if (step.closed) flows_.Schedule(flow, DeadlineOf(flow));

  EndpointCounters& target = out.target->counters;
  const bool first_answer = !out.forward && flow.all_packets[1] == 1;
  if (first_answer && Is(packet, IpProtocol::kUdp)) {
    out.source->counters.udp_answered_in += flow.all_packets[0];
  }
  if (!out.unasked) return;
  if (Is(packet, IpProtocol::kUdp)) {
    ++target.udp_unasked_in;
    target.udp_unasked_bytes_in += out.bytes;
  }
}

// Sets that other programs add up: who talked to whom, by home endpoints alone.
void Tracker::ChargeSets(const DecodedPacket& packet, const Sides& sides,
                         const TrackedPacket& out) noexcept {
  if (out.source->home) {
    window_.endpoints->AddPeer(*out.source, ThetaHashOf(packet.target_ip), sides.target_outside);
  }
  if (out.target->home) {
    window_.endpoints->AddPeer(*out.target, ThetaHashOf(packet.source_ip), sides.source_outside);
  }
}

void Tracker::TrackLink(const DecodedPacket& packet, const PacketKeys& keys,
                        TrackedPacket& out) noexcept {
  const bool home = packet.is_arp && !keys.source.is_mac && home_->Contains(keys.source.ip);
  window_.counters->home_packets += home;
  out.bytes = packet.wire_length;
  out.source = window_.endpoints->Obtain(keys.source, keys.source_hash, home);
  EndpointRow& row = *out.source;
  ++row.counters.packets_out;
  row.counters.bytes_out += out.bytes;
  ++row.counters.other_packets;
  if (!row.seen_sending) row.first_us = packet.arrival.us;
  row.seen_sending = true;
  row.last_us = packet.arrival.us;
  if (!row.mac_known && packet.has_mac) {
    row.mac_known = true;
    row.mac = packet.is_arp ? packet.arp.sender_mac : packet.source_mac;
    row.mac_seen_us = packet.arrival.us;
  }
  if (packet.is_arp) TrackArp(packet, keys);
}

void Tracker::ChargeIrregularities(const DecodedPacket& packet, const TrackedPacket& out) noexcept {
  EndpointRow& sender = *out.source;
  const IpAddress target = packet.has_ip() ? packet.target_ip : IpAddress{};
  bool malformed = false;
  const auto note = [&](DecodeStatus kind) {
    ++window_.counters->irregularities[static_cast<size_t>(kind)];
    window_.irregularities->Note(sender.key, out.source_key, target, kind, packet.arrival.us);
    malformed |= !IsChecksum(kind);
  };
  if (IsIrregularity(packet.status)) note(packet.status);
  for (size_t i = 0; i < packet.noted_count; ++i) note(packet.noted[i]);
  sender.counters.malformed_packets += malformed;
  sender.counters.checksum_errors += packet.ip_checksum_bad || packet.transport_checksum_bad;
}

void Tracker::NoteFragment(const DecodedPacket& packet, const TrackedPacket& out) noexcept {
  const FragmentVerdict verdict = fragments_.OnFragment(packet);
  DecodeStatus kind;
  switch (verdict) {
    case FragmentVerdict::kOverlapSame:
      kind = DecodeStatus::kFragOverlap;
      break;
    case FragmentVerdict::kOverlapDifferent:
      kind = DecodeStatus::kFragOverlapDifferent;
      break;
    default:
      return;
  }
  ++window_.counters->irregularities[static_cast<size_t>(kind)];
  window_.irregularities->Note(out.source->key, out.source_key, packet.target_ip, kind,
                               packet.arrival.us);
}

}  // namespace vedette
