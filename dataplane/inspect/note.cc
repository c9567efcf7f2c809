#include "dataplane/inspect/note.h"

namespace vedette {

void NoteIrregularity(const TrackedPacket& tracked, DecodeStatus kind,
                      const InspectionLogs& logs) noexcept {
  const DecodedPacket& packet = *tracked.packet;
  ++logs.irregularity_counts[static_cast<size_t>(kind)];
  ++tracked.source->counters.malformed_packets;
  logs.irregularities.Note(tracked.source->key, tracked.source_key, packet.target_ip, kind,
                           packet.arrival.us);
}

}  // namespace vedette
