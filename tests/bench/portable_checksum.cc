#include "tests/bench/portable_checksum.h"

// What the source below includes of the system must know the processor.
#include <array>
#include <bit>
#include <cstring>
#include <span>

// The same source once more, for a processor of no name and under a name of its own.
// clang-format off: the order of these lines is what this is about
#undef __x86_64__
#define vedette vedette_portable
#include "dataplane/decode/checksum.cc"
#undef vedette
// clang-format on

namespace vedette {

uint64_t PortableLongSum(const uint8_t* data, size_t bytes) {
  return vedette_portable::LongSum(data, bytes);
}
uint32_t PortableCrc32c(uint32_t previous, const uint8_t* data, size_t bytes) {
  return vedette_portable::Crc32c(previous, data, bytes);
}

}  // namespace vedette
