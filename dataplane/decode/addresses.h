// Addresses as they travel through the data plane: plain bytes, compared and hashed as words.
#ifndef VEDETTE_DATAPLANE_DECODE_ADDRESSES_H_
#define VEDETTE_DATAPLANE_DECODE_ADDRESSES_H_

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <utility>

namespace vedette {

struct MacAddress {
  std::array<uint8_t, 6> bytes{};
  bool is_zero() const { return *this == MacAddress{}; }
  bool is_group() const { return (bytes[0] & 0x01) != 0; }  // multicast and broadcast
  bool is_locally_administered() const { return (bytes[0] & 0x02) != 0; }
  friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

// IPv4 is held mapped, ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one comparison serves both.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};

  static IpAddress V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
  }
  uint64_t high() const { return Word(0); }
  uint64_t low() const { return Word(8); }
  bool is_v4() const {
    static_assert(std::endian::native == std::endian::little);
    return high() == 0 && static_cast<uint32_t>(low()) == 0xffff0000;
  }
  bool is_zero() const {  // 0.0.0.0 or ::
    return high() == 0 && (low() == 0 || (is_v4() && Word4() == 0));
  }
  bool is_multicast() const { return is_v4() ? (bytes[12] & 0xf0) == 0xe0 : bytes[0] == 0xff; }
  bool is_broadcast() const { return is_v4() && Word4() == 0xffffffffU; }  // limited broadcast only
  bool is_loopback() const {
    return is_v4() ? bytes[12] == 127 : high() == 0 && __builtin_bswap64(low()) == 1;  // ::1
  }
  friend bool operator==(const IpAddress& a, const IpAddress& b) {
    return a.high() == b.high() && a.low() == b.low();
  }
  template <typename H>
  friend H AbslHashValue(H state, const IpAddress& ip) {
    return H::combine(std::move(state), ip.high(), ip.low());
  }
  // By bytes, compared as words: tables of an interval are sorted by it.
  friend std::strong_ordering operator<=>(const IpAddress& a, const IpAddress& b) {
    const uint64_t a_high = __builtin_bswap64(a.high()), b_high = __builtin_bswap64(b.high());
    if (a_high != b_high) return a_high <=> b_high;
    return __builtin_bswap64(a.low()) <=> __builtin_bswap64(b.low());
  }

 private:
  uint64_t Word(size_t at) const {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    return word;
  }
  uint32_t Word4() const {
    uint32_t word;
    std::memcpy(&word, bytes.data() + 12, sizeof(word));
    return word;
  }
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_DECODE_ADDRESSES_H_
