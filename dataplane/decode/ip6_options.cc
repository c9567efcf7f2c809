#include "dataplane/decode/ip6_options.h"

namespace vedette {
namespace {

constexpr uint8_t kPad1 = 0, kPadN = 1, kJumbo = 0xc2, kHomeAddress = 0xc9;

bool IsAssigned(uint8_t type) noexcept {
  switch (type) {
    case 0x04:  // tunnel encapsulation limit, RFC 2473
    case 0x05:  // router alert, RFC 2711
    case 0x07:  // CALIPSO, RFC 5570
    case 0x08:  // simplified multicast forwarding, RFC 6621
    case 0x0f:  // performance and diagnostic metrics, RFC 8250
    case 0x11:  // in situ OAM, RFC 9486
    case 0x31:
    case 0x12:  // alternate marking, RFC 9343
    case 0x23:  // RPL, RFC 9008
    case 0x63:
    case 0x26:  // quick start, RFC 4782
    case 0x30:  // minimum path MTU, RFC 9268
    case 0x6d:  // multicast for low power, RFC 7731
    case 0x8b:  // identifier-locator nonce, RFC 6744
    case 0x8c:  // line identification, RFC 6788
    case 0xee:  // depth-first forwarding, RFC 6971
    case kJumbo:
    case kHomeAddress:
      return true;
    default:
      return (type & 0x1f) == 0x1e;  // experiments, RFC 4727
  }
}

bool IsZero(const uint8_t* data, uint32_t bytes) noexcept {
  uint8_t any = 0;
  for (uint32_t i = 0; i < bytes; ++i) any |= data[i];
  return any == 0;
}

void NoteOption(DecodeState& state, const uint8_t* option, bool hop_by_hop) noexcept {
  DecodedPacket& out = state.out;
  const uint8_t type = option[0], length = option[1];
  if (type == kPadN) {
    if (!IsZero(option + 2, length)) out.Note(DecodeStatus::kIp6PaddingData);
    return;
  }
  if (!IsAssigned(type)) return out.Note(DecodeStatus::kIp6UnknownOption);
  const bool bad = (type == 0x05 && (length != 2 || !hop_by_hop)) ||
                   (type == kJumbo && (length != 4 || !hop_by_hop)) ||
                   (type == kHomeAddress && (length != 16 || hop_by_hop));
  if (bad) out.Note(DecodeStatus::kIp6BadOption);
  // The transport's checksum is made with the home address (RFC 6275, 6.1.1).
  if (type == kHomeAddress) state.pseudo_header_known = false;
}

}  // namespace

void NoteIp6Options(DecodeState& state, const uint8_t* options, uint32_t bytes,
                    bool hop_by_hop) noexcept {
  for (uint32_t i = 0; i < bytes;) {
    if (options[i] == kPad1) {
      ++i;
      continue;
    }
    if (bytes - i < 2 || options[i + 1] > bytes - i - 2) {
      return state.out.Note(DecodeStatus::kIp6BadOption);
    }
    NoteOption(state, options + i, hop_by_hop);
    i += options[i + 1] + 2U;
  }
}

uint32_t JumboLength(const uint8_t* header, uint32_t captured) noexcept {
  if (captured < 8) return 0;
  const uint32_t bytes = (header[1] + 1U) * 8;
  if (captured < bytes) return 0;
  for (uint32_t i = 2; i + 6 <= bytes;) {
    if (header[i] == kPad1) {
      ++i;
      continue;
    }
    if (header[i] == kJumbo && header[i + 1] == 4) return LoadBe32(header + i + 2);
    i += header[i + 1] + 2U;
  }
  return 0;
}

}  // namespace vedette
