// Names devices give themselves: DHCP host names, mDNS answers, NetBIOS registrations. Pure
// functions of bytes, worker cores. All text is hostile and bounded at 63 bytes.
#ifndef VEDETTE_DATAPLANE_INSPECT_DEVICE_NAMES_H_
#define VEDETTE_DATAPLANE_INSPECT_DEVICE_NAMES_H_

#include "dataplane/capture/packet_source.h"
#include "dataplane/decode/decode_status.h"
#include "dataplane/inspect/dns_message.h"
#include "dataplane/inspect/observations.h"

namespace vedette {

struct ClaimedName {
  uint8_t length = 0;
  std::array<char, 63> text{};
};

// A client's message (RFC 2131) with option 12 (host name); `mac` is its hardware address. kOk or
// what is wrong with the message.
DecodeStatus ParseDhcp(Bytes message, bool whole, MacAddress& mac, ClaimedName& name) noexcept;

// "printer.local" of an mDNS answer (RFC 6762) in which the sender claims its own address.
bool NameOfMdns(const DnsView& message, const IpAddress& sender, ClaimedName& name) noexcept;

// A workstation's or server's registration of its own unique name (RFC 1002, 4.2.2).
bool NameOfNetbios(Bytes message, ClaimedName& name) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_DEVICE_NAMES_H_
