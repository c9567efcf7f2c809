// Inputs of fuzz_decode: every packet the decoder's tests build, and the inputs that fuzzing found
// worth keeping, one a line in hexadecimal. Used by the seed writer and by the replay test.
#ifndef VEDETTE_TESTS_FUZZ_FUZZ_DECODE_SEEDS_H_
#define VEDETTE_TESTS_FUZZ_FUZZ_DECODE_SEEDS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace vedette {

std::vector<std::vector<uint8_t>> BuiltDecodeSeeds();

// Empty if the file cannot be read or has a line that is not hexadecimal.
std::vector<std::vector<uint8_t>> ReadHexCorpus(const std::string& path);

}  // namespace vedette
#endif  // VEDETTE_TESTS_FUZZ_FUZZ_DECODE_SEEDS_H_
