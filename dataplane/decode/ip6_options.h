// Options inside hop-by-hop and destination options headers (RFC 8200, 4.2; IANA
// ipv6-parameters). Part of the decoder; worker cores.
#ifndef VEDETTE_DATAPLANE_DECODE_IP6_OPTIONS_H_
#define VEDETTE_DATAPLANE_DECODE_IP6_OPTIONS_H_

#include <cstdint>

#include "dataplane/decode/layers.h"

namespace vedette {

// `options` was captured whole.
void NoteIp6Options(DecodeState& state, const uint8_t* options, uint32_t bytes,
                    bool hop_by_hop) noexcept;

// Value of a jumbo payload option (RFC 2675) in a hop-by-hop header at `header`, 0 if there is none
// within `captured` bytes.
uint32_t JumboLength(const uint8_t* header, uint32_t captured) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_IP6_OPTIONS_H_
