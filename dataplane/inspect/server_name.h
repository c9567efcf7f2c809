// The name a client asks for in the clear: SNI of a TLS ClientHello (RFC 6066, 3), Host of an
// HTTP/1 request. Pure functions of the first bytes a client sent; hostile text, at most 63 bytes.
#ifndef VEDETTE_DATAPLANE_INSPECT_SERVER_NAME_H_
#define VEDETTE_DATAPLANE_INSPECT_SERVER_NAME_H_

#include <array>
#include <cstdint>

#include "dataplane/capture/packet_source.h"

namespace vedette {

// NUL-terminated.
using ServerName = std::array<char, 64>;

enum class NameSearch : uint8_t {
  kFound,
  kNone,
  kMoreNeeded,  // the hello or the header goes on in the next segment
};

NameSearch ServerNameOfTls(Bytes first_bytes, ServerName& name) noexcept;
NameSearch ServerNameOfHttp(Bytes first_bytes, ServerName& name) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_SERVER_NAME_H_
