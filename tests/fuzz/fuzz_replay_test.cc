// Runs every fuzz target over its seeds, what fuzzing found worth keeping, and mutated seeds, so
// that what was found stays found with every compiler.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/fuzz/fuzz_decode_seeds.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

void RunInput(const FuzzTarget& target, const std::string& input) {
  target.run({reinterpret_cast<const uint8_t*>(input.data()), input.size()});
}

// Flips, overwrites, cuts and splices.
std::string Mutated(std::string input, const std::string& other, std::mt19937& random) {
  const auto below = [&random](size_t bound) { return random() % bound; };
  for (size_t edits = 1 + below(4); edits != 0; --edits) {
    char& byte = input[below(input.size())];
    byte =
        random() % 2 == 0 ? static_cast<char>(byte ^ 1 << below(8)) : static_cast<char>(random());
  }
  if (random() % 4 == 0) input.resize(1 + below(input.size()));
  if (random() % 4 == 0) input += other.substr(below(other.size()));
  return input;
}

class FuzzReplay : public ::testing::TestWithParam<FuzzTarget> {};

TEST_P(FuzzReplay, Seeds) {
  const std::vector<std::string> seeds = GetParam().seeds();
  ASSERT_FALSE(seeds.empty());
  for (const std::string& seed : seeds) RunInput(GetParam(), seed);
}

TEST_P(FuzzReplay, Corpus) {
  const char* folder = std::getenv("VEDETTE_FUZZ_CORPUS");
  ASSERT_NE(folder, nullptr) << "run it through the build's test command";
  const std::string path = std::string(folder) + "/" + GetParam().name + "_corpus.hex";
  const std::vector<std::vector<uint8_t>> corpus = ReadHexCorpus(path);
  ASSERT_FALSE(corpus.empty()) << path << " is missing or not hexadecimal";
  for (const std::vector<uint8_t>& input : corpus) GetParam().run(input);
}

unsigned NumberOf(const char* variable, unsigned by_default) {
  const char* text = std::getenv(variable);
  return text == nullptr ? by_default : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

// For a longer run set these; without clang it is the next best thing to libFuzzer.
TEST_P(FuzzReplay, MutatedSeeds) {
  const unsigned seed_number = NumberOf("VEDETTE_FUZZ_SEED", 20'260'505);
  const unsigned mutations = NumberOf("VEDETTE_FUZZ_MUTATIONS", GetParam().mutations);
  SCOPED_TRACE(seed_number);
  std::mt19937 random(seed_number);
  const std::vector<std::string> seeds = GetParam().seeds();
  for (unsigned i = 0; i < mutations; ++i) {
    const std::string& seed = seeds[random() % seeds.size()];
    RunInput(GetParam(), Mutated(seed, seeds[random() % seeds.size()], random));
  }
}

INSTANTIATE_TEST_SUITE_P(AllTargets, FuzzReplay, ::testing::ValuesIn(FuzzTargets()),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace vedette
