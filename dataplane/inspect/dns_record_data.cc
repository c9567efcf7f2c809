#include "dataplane/inspect/dns_record_data.h"

namespace vedette {
namespace {

void Misfit(DnsReader& data) { data.Fail(DecodeStatus::kDnsBadRecordLength); }

void NeedAtLeast(DnsReader& data, size_t bytes) {
  if (data.left() < bytes) Misfit(data);
}
void NeedExactly(DnsReader& data, size_t bytes) {
  if (data.left() != bytes) Misfit(data);
}
void NeedEnd(DnsReader& data) { NeedExactly(data, 0); }

// A length byte and so many characters (RFC 1035, 3.3).
void SkipString(DnsReader& data) { data.Skip(data.Take8()); }

void SkipNames(DnsReader& data, int names) {
  for (int i = 0; i < names; ++i) data.TakeName(nullptr);
}

// Types that are alike: numbers, then character strings, then names, and nothing behind.
struct Shape {
  uint16_t type;
  uint8_t number_bytes, strings, names, ending_bytes;
};
constexpr Shape kShapes[] = {
    // in order
    {1, 4, 0, 0, 0},     // A
    {2, 0, 0, 1, 0},     // NS
    {3, 0, 0, 1, 0},     // MD
    {4, 0, 0, 1, 0},     // MF
    {5, 0, 0, 1, 0},     // CNAME
    {6, 0, 0, 2, 20},    // SOA
    {7, 0, 0, 1, 0},     // MB
    {8, 0, 0, 1, 0},     // MG
    {9, 0, 0, 1, 0},     // MR
    {12, 0, 0, 1, 0},    // PTR
    {13, 0, 2, 0, 0},    // HINFO
    {14, 0, 0, 2, 0},    // MINFO
    {15, 2, 0, 1, 0},    // MX
    {17, 0, 0, 2, 0},    // RP
    {18, 2, 0, 1, 0},    // AFSDB
    {19, 0, 1, 0, 0},    // X25
    {21, 2, 0, 1, 0},    // RT
    {26, 2, 0, 2, 0},    // PX
    {28, 16, 0, 0, 0},   // AAAA
    {33, 6, 0, 1, 0},    // SRV
    {35, 4, 3, 1, 0},    // NAPTR
    {36, 2, 0, 1, 0},    // KX
    {39, 0, 0, 1, 0},    // DNAME
    {51, 4, 1, 0, 0},    // NSEC3PARAM
    {104, 10, 0, 0, 0},  // NID
    {105, 6, 0, 0, 0},   // L32
    {106, 10, 0, 0, 0},  // L64
    {107, 2, 0, 1, 0},   // LP
    {108, 6, 0, 0, 0},   // EUI48
    {109, 8, 0, 0, 0},   // EUI64
};

bool CheckShape(uint16_t type, DnsReader& data) {
  for (const Shape& shape : kShapes) {
    if (shape.type < type) continue;
    if (shape.type > type) return false;
    data.Skip(shape.number_bytes);
    for (int i = 0; i < shape.strings; ++i) SkipString(data);
    SkipNames(data, shape.names);
    data.Skip(shape.ending_bytes);
    NeedEnd(data);
    return true;
  }
  return false;
}

void CheckText(DnsReader& data) {
  do {
    SkipString(data);
  } while (data.ok() && data.left() != 0);
}

// RFC 1876; other versions than 0 are not described.
void CheckLocation(DnsReader& data) {
  constexpr size_t kVersion0Bytes = 16;
  const size_t bytes = data.left();
  if (data.Take8() == 0 && bytes != kVersion0Bytes) Misfit(data);
}

// Windows of types: number, length 1 to 32, bits (RFC 4034, 4.1.2).
void CheckTypeBitmap(DnsReader& data) {
  int previous = -1;
  while (data.ok() && data.left() != 0) {
    const int window = data.Take8();
    const size_t bytes = data.Take8();
    if (window <= previous || bytes == 0 || bytes > 32) return Misfit(data);
    previous = window;
    data.Skip(bytes);
  }
}

// RFC 4034, 5.1; digests of RFC 4509, 5933, 6605. A type not known may have any length.
void CheckDelegationSigner(DnsReader& data) {
  data.Skip(3);
  switch (data.Take8()) {
    case 1:
      return NeedExactly(data, 20);
    case 2:
    case 3:
      return NeedExactly(data, 32);
    case 4:
      return NeedExactly(data, 48);
    default:
      return NeedAtLeast(data, 1);
  }
}

void CheckSshFingerprint(DnsReader& data) {
  data.Skip(1);
  switch (data.Take8()) {
    case 1:
      return NeedExactly(data, 20);
    case 2:
      return NeedExactly(data, 32);
    default:
      return NeedAtLeast(data, 1);
  }
}

void CheckSignature(DnsReader& data) {
  data.Skip(18);
  data.TakeName(nullptr);
  if (data.ok()) NeedAtLeast(data, 1);
}

void CheckAuthorization(DnsReader& data) {  // CAA, RFC 8659
  data.Skip(1);
  const size_t tag = data.Take8();
  if (tag == 0) Misfit(data);
  data.Skip(tag);
}

// Address prefixes (RFC 3123).
void CheckPrefixes(DnsReader& data) {
  while (data.ok() && data.left() != 0) {
    data.Skip(3);
    data.Skip(data.Take8() & 0x7fU);
  }
}

void CheckTransactionSignature(DnsReader& data) {  // TSIG, RFC 8945
  data.TakeName(nullptr);
  data.Skip(8);
  data.Skip(data.Take16());
  data.Skip(4);
  data.Skip(data.Take16());
  if (data.ok()) NeedEnd(data);
}

// RFC 9460, 7 and 8; RFC 9461 (dohpath has no form of its own to check).
void CheckServiceParameter(uint16_t key, size_t bytes, DnsReader& data) {
  const auto filled_by = [bytes](size_t unit) { return bytes != 0 && bytes % unit == 0; };
  switch (key) {
    case 0:  // mandatory
      if (!filled_by(2)) Misfit(data);
      break;
    case 1: {  // alpn: strings, none of them empty
      if (bytes == 0) Misfit(data);
      for (size_t left = bytes; data.ok() && left != 0;) {
        const size_t id = data.Take8();
        if (id == 0 || id + 1 > left) return Misfit(data);
        data.Skip(id);
        left -= id + 1;
      }
      return;
    }
    case 2:  // no-default-alpn
      if (bytes != 0) Misfit(data);
      break;
    case 3:  // port
      if (bytes != 2) Misfit(data);
      break;
    case 4:  // ipv4hint
      if (!filled_by(4)) Misfit(data);
      break;
    case 6:  // ipv6hint
      if (!filled_by(16)) Misfit(data);
      break;
    default:
      break;
  }
  data.Skip(bytes);
}

void CheckService(DnsReader& data) {
  data.Skip(2);
  data.TakeName(nullptr);
  int previous = -1;
  while (data.ok() && data.left() != 0) {
    const uint16_t key = data.Take16();
    const size_t bytes = data.Take16();
    if (key <= previous || bytes > data.left()) return Misfit(data);
    previous = key;
    CheckServiceParameter(key, bytes, data);
  }
}

bool OptionFits(uint16_t code, size_t bytes) {
  switch (code) {
    case 8:  // client subnet, RFC 7871
      return bytes >= 4 && bytes <= 20;
    case 9:  // expire, RFC 7314
      return bytes == 0 || bytes == 4;
    case 10:  // cookie, RFC 7873
      return bytes == 8 || (bytes >= 16 && bytes <= 40);
    case 11:  // keepalive, RFC 7828
      return bytes == 0 || bytes == 2;
    case 15:  // extended error, RFC 8914
      return bytes >= 2;
    default:
      return true;
  }
}

void CheckOptions(DnsReader& data) {
  while (data.ok() && data.left() != 0) {
    if (data.left() < 4) return data.Fail(DecodeStatus::kDnsBadOption);
    const uint16_t code = data.Take16();
    const size_t bytes = data.Take16();
    if (bytes > data.left() || !OptionFits(code, bytes)) {
      return data.Fail(DecodeStatus::kDnsBadOption);
    }
    data.Skip(bytes);
  }
}

}  // namespace

void CheckDnsRecordData(uint16_t type, DnsReader& data) noexcept {
  if (CheckShape(type, data)) return;
  switch (type) {
    case 11:  // WKS
    case 25:  // KEY
    case 37:  // CERT
    case 48:  // DNSKEY
    case 60:  // CDNSKEY
      return NeedAtLeast(data, 5);
    case 16:  // TXT
    case 99:  // SPF
      return CheckText(data);
    case 24:  // SIG
    case 46:  // RRSIG
      return CheckSignature(data);
    case 29:
      return CheckLocation(data);
    case kDnsTypeOpt:
      return CheckOptions(data);
    case 42:
      return CheckPrefixes(data);
    case 43:     // DS
    case 59:     // CDS
    case 32769:  // DLV
      return CheckDelegationSigner(data);
    case 44:
      return CheckSshFingerprint(data);
    case 47:  // NSEC
      data.TakeName(nullptr);
      return CheckTypeBitmap(data);
    case 50:  // NSEC3
      data.Skip(4);
      SkipString(data);
      SkipString(data);
      return CheckTypeBitmap(data);
    case 52:  // TLSA
    case 53:  // SMIMEA
      return NeedAtLeast(data, 4);
    case 62:  // CSYNC
      data.Skip(6);
      return CheckTypeBitmap(data);
    case 64:  // SVCB
    case 65:  // HTTPS
      return CheckService(data);
    case 250:
      return CheckTransactionSignature(data);
    case 256:  // URI
      return NeedAtLeast(data, 5);
    case 257:
      return CheckAuthorization(data);
    default:
      return;
  }
}

}  // namespace vedette
