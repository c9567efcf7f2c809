// ICMPv6 (RFC 4443), neighbour discovery (RFC 4861), multicast listener discovery (RFC 2710, 3810;
// IANA icmpv6-parameters).
#include "dataplane/decode/layers.h"

namespace vedette {
namespace {

constexpr uint32_t kHeader = 4;
constexpr int kUnknown = -1;
constexpr uint8_t kRouterSolicitation = 133, kRouterAdvertisement = 134,
                  kNeighborSolicitation = 135, kNeighborAdvertisement = 136, kRedirect = 137;

bool IsNeighborDiscovery(uint8_t type) noexcept {
  return type >= kRouterSolicitation && type <= kRedirect;
}

// Highest code of a type; kUnknown if the type is not assigned.
int CodeMax(uint8_t type) noexcept {
  switch (type) {
    case 1:  // destination unreachable
      return 8;
    case 3:  // time exceeded
      return 1;
    case 4:  // parameter problem
      return 10;
    case 139:  // node information
    case 140:
      return 2;
    case 157:  // duplicate address request and confirmation carry a status
    case 158:
      return 255;
    case 161:  // extended echo reply
      return 4;
    case 100:  // experiments and private use
    case 101:
    case 127:
    case 155:  // RPL
    case 200:
    case 201:
    case 255:
    case 138:  // router renumbering: 0, 1 and 255
      return 255;
    default:
      break;
  }
  const bool codeless = type == 2 || (type >= 128 && type <= 137) || (type >= 141 && type <= 154) ||
                        type == 159 || type == 160;
  return codeless ? 0 : kUnknown;
}

// Whole message up to where options begin.
uint32_t LengthMin(uint8_t type) noexcept {
  switch (type) {
    case 130:  // MLD
    case 131:
    case 132:
    case kNeighborSolicitation:
    case kNeighborAdvertisement:
      return 24;
    case kRouterAdvertisement:
      return 16;
    case kRedirect:
      return 40;
    default:
      return 8;
  }
}

// RFC 4861, 4.6: of a whole option, whose length is in units of 8 bytes.
bool OptionFits(const uint8_t* option) noexcept {
  const uint32_t units = option[1];
  switch (option[0]) {
    case 3:  // prefix information
      return units == 4 && option[2] <= 128;
    case 5:  // MTU
      return units == 1;
    case 24:  // route information, RFC 4191
      return units <= 3 && option[2] <= 128;
    case 25:  // recursive DNS servers, RFC 8106
      return units >= 3 && units % 2 == 1;
    case 31:  // DNS search list
      return units >= 2;
    default:
      return true;
  }
}

// RFC 4861, 6.1 and 7.1.
bool OptionsFit(ByteCursor options) noexcept {
  while (options.captured >= 2) {
    const uint32_t bytes = options.at[1] * 8U;
    if (bytes == 0 || bytes > options.wire) return false;
    if (!options.Has(bytes)) return true;  // beyond our snap length
    if (!OptionFits(options.at)) return false;
    options.Skip(bytes);
  }
  return options.wire == 0 || !options.whole();
}

bool IsLinkLocal(const IpAddress& ip) noexcept {
  return ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
}

// RFC 4861, 6.1.2, 7.1, 8.1.
bool NamesLawfulAddresses(const DecodedPacket& out, const uint8_t* at) noexcept {
  switch (out.icmp_type) {
    case kRouterAdvertisement:
    case kRedirect:
      return IsLinkLocal(out.source_ip);
    case kNeighborSolicitation:
      return !LoadIp6(at + 8).is_multicast() &&
             (!out.source_ip.is_zero() || out.target_ip.is_multicast());
    case kNeighborAdvertisement: {
      const bool solicited = (at[4] & 0x40) != 0;
      return !LoadIp6(at + 8).is_multicast() && !(solicited && out.target_ip.is_multicast());
    }
    default:
      return true;
  }
}

void NoteNeighborDiscovery(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  if (out.ttl != 255) out.Note(DecodeStatus::kIcmp6NdHopLimit);
  if (out.fragment.is_fragment) return out.Note(DecodeStatus::kFragNeighborDiscovery);
  const uint32_t fixed = LengthMin(out.icmp_type);
  if (!state.rest.Has(fixed)) return;
  if (!NamesLawfulAddresses(out, state.rest.at)) out.Note(DecodeStatus::kIcmp6NdBadAddress);
  ByteCursor options = state.rest;
  options.Skip(fixed);
  if (!OptionsFit(options)) out.Note(DecodeStatus::kIcmp6BadOption);
}

// Judged only as far as it was captured.
bool QuotesPacket(const DecodeState& state) noexcept {
  ByteCursor quote = state.rest;
  if (quote.wire < 48) return false;  // 8 of the message, 40 of the quoted header
  return !quote.Has(9) || quote.at[8] >> 4 == 6;
}

void NoteOddities(DecodeState& state) noexcept {
  DecodedPacket& out = state.out;
  const int code_max = CodeMax(out.icmp_type);
  if (code_max == kUnknown) {
    out.Note(DecodeStatus::kIcmp6UnknownType);
  } else if (out.icmp_code > code_max) {
    out.Note(DecodeStatus::kIcmp6UnknownCode);
  }
  if (IsNeighborDiscovery(out.icmp_type)) NoteNeighborDiscovery(state);
  const bool error = out.icmp_type >= 1 && out.icmp_type <= 4;
  if (error && !out.fragment.is_fragment && !QuotesPacket(state)) {
    out.Note(DecodeStatus::kIcmp6BadQuote);
  }
}

}  // namespace

Next DecodeIcmp6(DecodeState& state) noexcept {
  ByteCursor& rest = state.rest;
  DecodedPacket& out = state.out;
  if (!HasTransportHeader(state, kHeader, DecodeStatus::kIcmp6Truncated)) return Next::kEnd;
  const uint8_t* at = rest.at;
  out.icmp_type = at[0];
  out.icmp_code = at[1];
  if ((out.icmp_type == 128 || out.icmp_type == 129) && rest.Has(8)) {
    out.icmp_id = LoadBe16(at + 4);
    out.icmp_sequence = LoadBe16(at + 6);
  }
  out.deepest = Layer::kTransport;
  NoteOddities(state);
  if (CanVerify(state)) {
    NoteTransportChecksum(out, SumIsRight(state), DecodeStatus::kChecksumIcmp6);
  }
  const bool cut_by_sender = rest.wire < LengthMin(out.icmp_type) && !out.fragment.is_fragment;
  rest.Skip(rest.Has(8) ? 8 : kHeader);
  SetPayload(out, rest);
  return cut_by_sender ? state.End(DecodeStatus::kIcmp6Truncated) : Next::kEnd;
}

}  // namespace vedette
