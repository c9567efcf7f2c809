// Charges decoded packets to their flow, their endpoints and pairs. Owned by one shard and called
// by that shard's worker only; writes into the window of the current interval. All order and
// capacity is the shard's own, so that the number of workers cannot matter.
#ifndef VEDETTE_DATAPLANE_TRACK_TRACKER_H_
#define VEDETTE_DATAPLANE_TRACK_TRACKER_H_

#include <cstdint>

#include "dataplane/decode/decode.h"
#include "dataplane/track/contact.h"
#include "dataplane/track/duplicate_filter.h"
#include "dataplane/track/endpoint_table.h"
#include "dataplane/track/flow_table.h"
#include "dataplane/track/fragment_tracker.h"
#include "dataplane/track/handshake.h"
#include "dataplane/track/home_networks.h"
#include "dataplane/track/packet_keys.h"
#include "dataplane/track/pair_memory.h"
#include "dataplane/track/pair_tables.h"
#include "dataplane/track/shard_counters.h"
#include "dataplane/track/tracked_packet.h"

namespace vedette {

// Sizes are per shard; times after the last packet, as in IPFIX (RFC 5102, 5.11).
struct TrackerOptions {
  uint32_t flows = 32'768;
  uint32_t duplicates = 4'096;
  uint32_t datagrams = 1'024;  // being fragmented at one time
  uint32_t pairs = 16'384;     // whose first meeting is remembered
  uint32_t handshake_timeout_s = 30;
  uint32_t tcp_idle_timeout_s = 300;
  uint32_t idle_timeout_s = 60;
  uint32_t closed_linger_s = 5;  // late segments of a closed connection do not open a new flow
  uint32_t active_timeout_s = 1'800;
};

// Where the current interval is written.
struct TrackWindow {
  ShardCounters* counters = nullptr;
  EndpointTable* endpoints = nullptr;
  EgressTable* egress = nullptr;
  AttemptTable* attempts = nullptr;
  IrregularityTable* irregularities = nullptr;
  ContactLog* contacts = nullptr;
};

class FlowEndObserver {
 public:
  virtual ~FlowEndObserver() = default;
  // kActive: a part of a flow that goes on.
  virtual void OnFlowEnd(Flow& flow, FlowEnd end) noexcept = 0;
  // The flow `is_sole`: whoever wants the rest of it unfolds it.
  virtual void OnSoleFlowEnd(Flow& flow, FlowEnd end) noexcept = 0;
};

class Tracker {
 public:
  // `home` and `observer` outlive the tracker.
  Tracker(const TrackerOptions& options, const KeyedHash& hash, const HomeNetworks& home,
          FlowEndObserver& observer);

  // All that follows is written there, until the next call.
  void WriteTo(const TrackWindow& window) noexcept { window_ = window; }

  // Two steps, each over a whole burst: the lines that say where, then the records themselves.
  void Prefetch(const DecodedPacket& packet, PacketKeys& keys) const noexcept;
  void PrefetchRecords(const DecodedPacket& packet, const PacketKeys& keys) const noexcept;
  // False: a mirror's copy of a packet charged before, counted and otherwise to be left alone.
  bool Track(const DecodedPacket& packet, const PacketKeys& keys, TrackedPacket& out) noexcept;

  // Ends what is due at that whole second of the source's time.
  void ExpireUntil(uint64_t second) noexcept;
  void EndAll() noexcept;

  // Whose packets are home's, from the next one on; it outlives the tracker, or the next call. A
  // flow keeps the direction it began with.
  void SetHome(const HomeNetworks& home) noexcept { home_ = &home; }

  size_t flows() const noexcept { return flows_.size(); }
  size_t flows_max() const noexcept { return flows_.capacity(); }

 private:
  struct Sides {
    bool source_home = false, target_home = false;
    bool source_outside = false, target_outside = false;
  };
  // The two ends as they are charged: with the flow's tag, and where no row was to be had.
  struct Ends {
    EndpointKey source, target;
    KeyHash source_address, target_address;
  };
  Sides SidesOf(const EndpointKey& source, const EndpointKey& target) const noexcept;

  void TrackIp(const DecodedPacket& packet, const PacketKeys& keys, TrackedPacket& out) noexcept;
  void TrackLink(const DecodedPacket& packet, const PacketKeys& keys, TrackedPacket& out) noexcept;
  void TrackArp(const DecodedPacket& packet, const PacketKeys& keys) noexcept;
  Flow& FindOrBegin(const DecodedPacket& packet, const PacketKeys& keys, const Sides& sides,
                    bool& begun) noexcept;
  Flow& Begin(const DecodedPacket& packet, const PacketKeys& keys, const Sides& sides) noexcept;
  void Describe(const DecodedPacket& packet, const PacketKeys& keys, const Sides& sides,
                Flow& flow) noexcept;
  void ChargeFlow(const DecodedPacket& packet, const Ends& ends, TrackedPacket& out) noexcept;
  void ChargeBeginning(const DecodedPacket& packet, const Ends& ends,
                       const TrackedPacket& out) noexcept;
  void ChargeOpening(const DecodedPacket& packet, const Ends& ends,
                     const TrackedPacket& out) noexcept;
  static void NoteAttempt(AttemptPair& attempt, uint8_t protocol, uint16_t port,
                          uint64_t now_us) noexcept;
  void ChargeSets(const DecodedPacket& packet, const Sides& sides,
                  const TrackedPacket& out) noexcept;
  void ChargeOutcome(const DecodedPacket& packet, const Ends& ends, const TrackedPacket& out,
                     const HandshakeStep& step) noexcept;
  void ChargeUnreachable(const DecodedPacket& packet, const TrackedPacket& out) noexcept;
  void RefuseQuoted(const DecodedPacket& packet, const TrackedPacket& out, const IpAddress& asked,
                    uint8_t protocol, uint16_t source_port, uint16_t asked_port) noexcept;
  void ChargeEndpoints(const DecodedPacket& packet, const Sides& sides,
                       const TrackedPacket& out) noexcept;
  void ChargeIrregularities(const DecodedPacket& packet, const TrackedPacket& out) noexcept;
  void NoteFragment(const DecodedPacket& packet, const TrackedPacket& out) noexcept;
  void UpdateCall(const DecodedPacket& packet, const TrackedPacket& out,
                  uint64_t quiet_us) noexcept;
  void LogCall(const Flow& flow, ContactPhase phase, bool resumed, uint64_t end_us) noexcept;
  AttemptPair* Attempt(const EndpointKey& source, const IpAddress& target) noexcept;
  AttemptPair* Attempt(const EndpointKey& source, KeyHash source_key, const IpAddress& target,
                       KeyHash target_address) noexcept;

  uint64_t IdleEndUs(const Flow& flow) const noexcept;
  uint64_t ActiveEndUs(const Flow& flow) const noexcept;
  uint64_t DeadlineOf(const Flow& flow) const noexcept;
  uint64_t OnDue(Flow& flow, uint64_t second) noexcept;
  void End(Flow& flow, FlowEnd end) noexcept;
  void EndSole(Flow& flow, FlowEnd end) noexcept;
  void EndWhole(Flow& flow, FlowEnd end) noexcept;

  TrackerOptions options_;
  KeyedHash hash_;
  const HomeNetworks* home_;
  FlowEndObserver& observer_;
  TrackWindow window_;
  FlowTable flows_;
  DuplicateFilter duplicates_;
  FragmentTracker fragments_;
  PairMemory pairs_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_TRACK_TRACKER_H_
