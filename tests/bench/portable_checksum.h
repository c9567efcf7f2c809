// The checksums of dataplane/decode as a processor without vectors runs them. Benchmarks only.
#ifndef VEDETTE_TESTS_BENCH_PORTABLE_CHECKSUM_H_
#define VEDETTE_TESTS_BENCH_PORTABLE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>

namespace vedette {

uint64_t PortableLongSum(const uint8_t* data, size_t bytes);
uint32_t PortableCrc32c(uint32_t previous, const uint8_t* data, size_t bytes);

}  // namespace vedette
#endif  // VEDETTE_TESTS_BENCH_PORTABLE_CHECKSUM_H_
