// How inspectors note what is irregular: counted for the sensor and charged to the sender.
// Worker cores; never allocates.
#ifndef VEDETTE_DATAPLANE_INSPECT_NOTE_H_
#define VEDETTE_DATAPLANE_INSPECT_NOTE_H_

#include <array>
#include <cstdint>

#include "dataplane/decode/decode_status.h"
#include "dataplane/inspect/observations.h"
#include "dataplane/track/pair_tables.h"
#include "dataplane/track/tracked_packet.h"

namespace vedette {

// Where the current interval is written.
struct InspectionLogs {
  DnsLog& dns;
  NameLog& names;
  MatchLog& matches;
  IrregularityTable& irregularities;
  std::array<uint64_t, kDecodeStatusCount>& irregularity_counts;
};

void NoteIrregularity(const TrackedPacket& tracked, DecodeStatus kind,
                      const InspectionLogs& logs) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_NOTE_H_
