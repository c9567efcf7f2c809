#include "dataplane/inspect/app_protocol.h"

#include <array>
#include <cstring>

namespace vedette {
namespace {

constexpr auto kNames = std::to_array<absl::string_view>(
    {"",      "tls",        "http",   "ssh",    "dns",      "mdns",   "netbios_ns",
     "dhcp",  "ntp",        "snmp",   "smb",    "rdp",      "smtp",   "ftp",
     "imap",  "pop3",       "mqtt",   "modbus", "dnp3",     "coap",   "sip",
     "quic",  "bittorrent", "syslog", "ldap",   "kerberos", "mysql",  "postgresql",
     "redis", "telnet",     "rtsp",   "bacnet", "s7comm",   "iec104", "ssdp"});

struct Start {
  absl::string_view bytes;
  AppProtocol app;
};
constexpr auto kTcpStarts = std::to_array<Start>({
    {"SSH-", AppProtocol::kSsh},
    {"GET ", AppProtocol::kHttp},
    {"POST ", AppProtocol::kHttp},
    {"PUT ", AppProtocol::kHttp},
    {"HEAD ", AppProtocol::kHttp},
    {"DELETE ", AppProtocol::kHttp},
    {"OPTIONS ", AppProtocol::kHttp},
    {"PATCH ", AppProtocol::kHttp},
    {"CONNECT ", AppProtocol::kHttp},
    {"PROPFIND ", AppProtocol::kHttp},
    {"HTTP/1.", AppProtocol::kHttp},
    {"EHLO ", AppProtocol::kSmtp},
    {"HELO ", AppProtocol::kSmtp},
    {"* OK", AppProtocol::kImap},
    {"+OK", AppProtocol::kPop3},
    {"INVITE sip:", AppProtocol::kSip},
    {"REGISTER sip:", AppProtocol::kSip},
    {"SIP/2.0", AppProtocol::kSip},
    {"RTSP/1.", AppProtocol::kRtsp},
    {"\x13"
     "BitTorrent protocol",
     AppProtocol::kBitTorrent},
});
constexpr auto kUdpStarts = std::to_array<Start>({
    {"M-SEARCH ", AppProtocol::kSsdp},
    {"NOTIFY ", AppProtocol::kSsdp},
    {"INVITE sip:", AppProtocol::kSip},
    {"REGISTER sip:", AppProtocol::kSip},
    {"OPTIONS sip:", AppProtocol::kSip},
    {"SIP/2.0", AppProtocol::kSip},
    {"d1:ad2:id20:", AppProtocol::kBitTorrent},
});

struct Port {
  uint16_t port;
  AppProtocol app;
};
constexpr auto kTcpPorts = std::to_array<Port>({
    {21, AppProtocol::kFtp},        {22, AppProtocol::kSsh},     {23, AppProtocol::kTelnet},
    {25, AppProtocol::kSmtp},       {53, AppProtocol::kDns},     {80, AppProtocol::kHttp},
    {88, AppProtocol::kKerberos},   {102, AppProtocol::kS7},     {110, AppProtocol::kPop3},
    {143, AppProtocol::kImap},      {389, AppProtocol::kLdap},   {443, AppProtocol::kTls},
    {445, AppProtocol::kSmb},       {502, AppProtocol::kModbus}, {554, AppProtocol::kRtsp},
    {587, AppProtocol::kSmtp},      {853, AppProtocol::kTls},    {993, AppProtocol::kTls},
    {995, AppProtocol::kTls},       {1883, AppProtocol::kMqtt},  {2404, AppProtocol::kIec104},
    {3306, AppProtocol::kMysql},    {3389, AppProtocol::kRdp},   {5060, AppProtocol::kSip},
    {5432, AppProtocol::kPostgres}, {6379, AppProtocol::kRedis}, {8080, AppProtocol::kHttp},
    {8883, AppProtocol::kTls},      {20000, AppProtocol::kDnp3},
});
constexpr auto kUdpPorts = std::to_array<Port>({
    {53, AppProtocol::kDns},
    {67, AppProtocol::kDhcp},
    {68, AppProtocol::kDhcp},
    {88, AppProtocol::kKerberos},
    {123, AppProtocol::kNtp},
    {137, AppProtocol::kNetbiosName},
    {161, AppProtocol::kSnmp},
    {162, AppProtocol::kSnmp},
    {389, AppProtocol::kLdap},
    {443, AppProtocol::kQuic},
    {514, AppProtocol::kSyslog},
    {1900, AppProtocol::kSsdp},
    {5060, AppProtocol::kSip},
    {5353, AppProtocol::kMdns},
    {5683, AppProtocol::kCoap},
    {47808, AppProtocol::kBacnet},
});

// Which first bytes any of the starts has: most payloads are told apart by theirs.
template <size_t kCount>
constexpr std::array<bool, 256> FirstBytes(const std::array<Start, kCount>& starts) {
  std::array<bool, 256> first{};
  for (const Start& start : starts) first[static_cast<uint8_t>(start.bytes[0])] = true;
  return first;
}
constexpr auto kTcpFirstBytes = FirstBytes(kTcpStarts), kUdpFirstBytes = FirstBytes(kUdpStarts);

// The well-known ports (RFC 6335) by number; the others are few.
constexpr size_t kWellKnownPorts = 1'024;
template <size_t kCount>
constexpr std::array<AppProtocol, kWellKnownPorts> ByNumber(const std::array<Port, kCount>& ports) {
  std::array<AppProtocol, kWellKnownPorts> apps{};
  for (const Port& known : ports) {
    if (known.port < kWellKnownPorts) apps[known.port] = known.app;
  }
  return apps;
}
constexpr auto kTcpWellKnown = ByNumber(kTcpPorts), kUdpWellKnown = ByNumber(kUdpPorts);

bool StartsWith(Bytes payload, absl::string_view start) {
  return payload.size() >= start.size() &&
         std::memcmp(payload.data(), start.data(), start.size()) == 0;
}

uint8_t ByteAt(Bytes payload, size_t at) { return static_cast<uint8_t>(payload[at]); }

// RFC 8446, 5.1: a handshake record of a version that exists.
bool IsTlsHandshake(Bytes p) {
  return p.size() >= 6 && ByteAt(p, 0) == 22 && ByteAt(p, 1) == 3 && ByteAt(p, 2) <= 4 &&
         (ByteAt(p, 5) == 1 || ByteAt(p, 5) == 2);
}

}  // namespace

static_assert(kNames.size() == static_cast<size_t>(AppProtocol::kSsdp) + 1);

absl::string_view AppName(AppProtocol app) noexcept {
  const auto index = static_cast<size_t>(app);
  return index < kNames.size() ? kNames[index] : "";
}

AppProtocol AppOfBytes(bool tcp, Bytes payload) noexcept {
  if (payload.empty()) return AppProtocol::kUnknown;
  if (tcp && IsTlsHandshake(payload)) return AppProtocol::kTls;
  if (!(tcp ? kTcpFirstBytes : kUdpFirstBytes)[ByteAt(payload, 0)]) return AppProtocol::kUnknown;
  const auto among = [payload](const auto& starts) {
    for (const Start& start : starts) {
      if (StartsWith(payload, start.bytes)) return start.app;
    }
    return AppProtocol::kUnknown;
  };
  return tcp ? among(kTcpStarts) : among(kUdpStarts);
}

AppProtocol AppOfPort(bool tcp, uint16_t port) noexcept {
  if (port < kWellKnownPorts) return tcp ? kTcpWellKnown[port] : kUdpWellKnown[port];
  const auto among = [port](const auto& ports) {
    for (const Port& known : ports) {
      if (known.port == port) return known.app;
    }
    return AppProtocol::kUnknown;
  };
  return tcp ? among(kTcpPorts) : among(kUdpPorts);
}

bool IsEncrypted(AppProtocol app) noexcept {
  return app == AppProtocol::kTls || app == AppProtocol::kSsh || app == AppProtocol::kQuic;
}

}  // namespace vedette
