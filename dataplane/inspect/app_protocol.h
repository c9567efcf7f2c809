// Which application protocol a flow speaks: by its first bytes where they say so, else by its port.
// Pure functions of bytes; worker cores.
#ifndef VEDETTE_DATAPLANE_INSPECT_APP_PROTOCOL_H_
#define VEDETTE_DATAPLANE_INSPECT_APP_PROTOCOL_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "dataplane/capture/packet_source.h"

namespace vedette {

enum class AppProtocol : uint8_t {
  kUnknown,
  kTls,
  kHttp,
  kSsh,
  kDns,
  kMdns,
  kNetbiosName,
  kDhcp,
  kNtp,
  kSnmp,
  kSmb,
  kRdp,
  kSmtp,
  kFtp,
  kImap,
  kPop3,
  kMqtt,
  kModbus,
  kDnp3,
  kCoap,
  kSip,
  kQuic,
  kBitTorrent,
  kSyslog,
  kLdap,
  kKerberos,
  kMysql,
  kPostgres,
  kRedis,
  kTelnet,
  kRtsp,
  kBacnet,
  kS7,
  kIec104,
  kSsdp
};

// "tls", "http", ...; "" for kUnknown.
absl::string_view AppName(AppProtocol app) noexcept;

// `payload`: the first bytes one side sent.
AppProtocol AppOfBytes(bool tcp, Bytes payload) noexcept;
AppProtocol AppOfPort(bool tcp, uint16_t port) noexcept;

// Nothing of it can be read: inspection of content ends.
bool IsEncrypted(AppProtocol app) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_APP_PROTOCOL_H_
