// Looks into payloads where it pays: DNS, names that devices and clients say, content in the clear
// that leaves home. One per shard, called after the tracker by the shard's worker. All state is
// made at start: stream places for outbound clear text (content patterns over in-order TCP bytes),
// places for server names where flows are exported. When places run out, one whose flow has been
// quiet gives way, else the newcomer goes without and is counted.
#ifndef VEDETTE_DATAPLANE_INSPECT_INSPECTOR_H_
#define VEDETTE_DATAPLANE_INSPECT_INSPECTOR_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/inspect/dns_message.h"
#include "dataplane/inspect/note.h"
#include "dataplane/inspect/observations.h"
#include "dataplane/inspect/pattern_tools.h"
#include "dataplane/inspect/server_name.h"
#include "dataplane/inspect/tcp_bytes.h"
#include "dataplane/sketch/zeroed_array.h"
#include "dataplane/track/keyed_hash.h"
#include "dataplane/track/tracked_packet.h"

namespace vedette {

// Sizes are per shard.
struct InspectorOptions {
  uint32_t streams = 128;           // outbound streams followed at one time
  uint32_t stream_bytes = 262'144;  // of each direction of a flow; what is behind is not read
  uint32_t server_names = 2'048;    // remembered until their flow is exported
  // With which matches are told apart; 0: one of this run's own.
  uint64_t content_secret = 0;
};

// Of matches' digests: the one that is configured, or this run's own.
KeyHash ContentSecret(const InspectorOptions& options, const KeyedHash& hash);

class Inspector {
 public:
  Inspector(const InspectorOptions& options, const KeyedHash& hash,
            std::shared_ptr<const PatternDatabase> patterns);

  void OnPacket(const TrackedPacket& tracked, const InspectionLogs& logs) noexcept;
  // Frees the flow's places. `record` may be null.
  void OnFlowEnd(const Flow& flow, FlowRecord* record) noexcept;

  // From the next packet on; it outlives the inspector, or the next call. What is being read is
  // read on, from here.
  void UsePatterns(PatternTools& tools) noexcept;

  uint64_t streams_refused() const noexcept { return streams_refused_; }

 private:
  static constexpr size_t kHeldBytes = 1'536;  // one segment that came too early
  struct Stream {
    Flow* flow = nullptr;
    uint8_t side = 0;  // whose bytes are read: 0 the initiator's
    bool begun = false;
    uint32_t next_sequence = 0;
    uint32_t left_bytes = 0;
    uint64_t pattern_begin = 0;  // where in the stream `pattern` began
    uint32_t held_sequence = 0;
    uint16_t held_size = 0;
    std::array<std::byte, kHeldBytes> held;
    PatternStream* pattern = nullptr;  // of the tools
  };

  void InspectTcp(const TrackedPacket& tracked, const InspectionLogs& logs) noexcept;
  void InspectUdp(const TrackedPacket& tracked, const InspectionLogs& logs) noexcept;
  void InspectDns(const TrackedPacket& tracked, Bytes message, bool whole,
                  const InspectionLogs& logs) noexcept;
  void InspectDhcp(const TrackedPacket& tracked, bool whole, const InspectionLogs& logs) noexcept;
  void InspectName(const TrackedPacket& tracked, bool whole, const InspectionLogs& logs) noexcept;
  void RecognizeApp(const TrackedPacket& tracked, bool tcp) noexcept;
  void InspectDnsOverTcp(const TrackedPacket& tracked, const InspectionLogs& logs) noexcept;
  void RememberServerName(const TrackedPacket& tracked, bool first) noexcept;
  NameSearch FindServerName(Flow& flow, Bytes first_bytes) noexcept;

  Stream* StreamOf(const TrackedPacket& tracked) noexcept;
  bool FreeQuietStream(uint64_t now_us) noexcept;
  void FollowStream(Stream& stream, const TrackedPacket& tracked,
                    const InspectionLogs& logs) noexcept;
  void Read(Stream& stream, Bytes bytes, const TrackedPacket& tracked,
            const InspectionLogs& logs) noexcept;
  void Report(const PatternScanner::Matches& matches, const TrackedPacket& tracked,
              uint64_t base_bytes, const InspectionLogs& logs) noexcept;
  void EndStream(Stream& stream, const TrackedPacket& tracked, const InspectionLogs& logs) noexcept;
  uint64_t ReadBytes(const Stream& stream) const noexcept {
    return uint64_t{options_.stream_bytes} - stream.left_bytes;
  }
  void Release(uint16_t slot) noexcept;

  InspectorOptions options_;
  PatternTools first_tools_;
  PatternTools* tools_ = &first_tools_;
  std::vector<Stream> streams_;
  std::vector<uint16_t> free_streams_;
  size_t hand_ = 0;
  uint64_t oldest_in_round_us_ = 0, none_quiet_until_us_ = 0;
  TcpBytes tcp_bytes_;
  ZeroedArray<ServerName> names_;  // as many pages as names were seen at one time
  std::vector<uint16_t> free_names_;
  DnsView dns_;
  uint64_t streams_refused_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_INSPECTOR_H_
