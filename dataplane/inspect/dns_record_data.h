// Whether the data of a DNS record have the form of its type. Pure functions of bytes, worker
// cores. Types that are not known here may hold anything (RFC 3597).
#ifndef VEDETTE_DATAPLANE_INSPECT_DNS_RECORD_DATA_H_
#define VEDETTE_DATAPLANE_INSPECT_DNS_RECORD_DATA_H_

#include <cstdint>

#include "dataplane/inspect/dns_reader.h"

namespace vedette {

inline constexpr uint16_t kDnsTypeA = 1, kDnsTypeAaaa = 28, kDnsTypeOpt = 41;

// The reader stands at the data, within EnterData; it fails when they do not fit.
void CheckDnsRecordData(uint16_t type, DnsReader& data) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_DNS_RECORD_DATA_H_
