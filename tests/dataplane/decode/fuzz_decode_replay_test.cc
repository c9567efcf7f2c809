// Runs the fuzz target, which aborts on a broken promise, over its seeds, the kept corpus and
// mutated seeds, so that what fuzzing found stays found with every compiler.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/fuzz/fuzz_decode_seeds.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace vedette {
namespace {

int RunInput(const std::vector<uint8_t>& input) {
  return LLVMFuzzerTestOneInput(input.data(), input.size());
}

TEST(FuzzDecodeReplay, Seeds) {
  const std::vector<std::vector<uint8_t>> seeds = BuiltDecodeSeeds();
  EXPECT_GT(seeds.size(), 200U);
  for (const std::vector<uint8_t>& seed : seeds) EXPECT_EQ(RunInput(seed), 0);
}

TEST(FuzzDecodeReplay, Corpus) {
  const char* path = std::getenv("VEDETTE_DECODE_CORPUS");
  ASSERT_NE(path, nullptr) << "run it through the build's test command";
  const std::vector<std::vector<uint8_t>> corpus = ReadHexCorpus(path);
  ASSERT_FALSE(corpus.empty()) << path << " is missing or not hexadecimal";
  for (const std::vector<uint8_t>& input : corpus) EXPECT_EQ(RunInput(input), 0);
}

// Flips, overwrites, cuts and splices.
std::vector<uint8_t> Mutate(std::vector<uint8_t> input, const std::vector<uint8_t>& other,
                            std::mt19937& random) {
  const auto below = [&random](size_t bound) { return random() % bound; };
  for (size_t edits = 1 + below(4); edits != 0; --edits) {
    uint8_t& byte = input[below(input.size())];
    byte = random() % 2 == 0 ? static_cast<uint8_t>(byte ^ 1U << below(8))
                             : static_cast<uint8_t>(random());
  }
  if (random() % 4 == 0) input.resize(1 + below(input.size()));
  if (random() % 4 == 0) {
    const auto from = other.begin() + static_cast<ptrdiff_t>(below(other.size()));
    input.insert(input.end(), from, other.end());
  }
  return input;
}

TEST(FuzzDecodeReplay, MutatedSeeds) {
  constexpr unsigned kSeed = 20'260'101;
  constexpr int kMutationsOfEach = 100;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const std::vector<std::vector<uint8_t>> seeds = BuiltDecodeSeeds();
  for (const std::vector<uint8_t>& seed : seeds) {
    for (int i = 0; i < kMutationsOfEach; ++i) {
      EXPECT_EQ(RunInput(Mutate(seed, seeds[random() % seeds.size()], random)), 0);
    }
  }
}

}  // namespace
}  // namespace vedette
