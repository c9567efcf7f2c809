// fuzz_seeds TARGET DIRECTORY [CORPUS.hex]: writes a target's seeds as files.
#include <cstdio>
#include <cstring>
#include <fstream>

#include "tests/fuzz/fuzz_decode_seeds.h"
#include "tests/fuzz/fuzz_targets.h"

namespace {

bool Write(const std::string& directory, size_t number, const char* data, size_t size) {
  std::ofstream file(directory + "/seed_" + std::to_string(number), std::ios::binary);
  file.write(data, static_cast<std::streamsize>(size));
  return static_cast<bool>(file);
}

int WriteSeeds(const vedette::FuzzTarget& target, int argc, char** argv) {
  size_t written = 0;
  bool good = true;
  for (const std::string& seed : target.seeds()) {
    good = Write(argv[2], written++, seed.data(), seed.size()) && good;
  }
  if (argc == 4) {
    for (const std::vector<uint8_t>& kept : vedette::ReadHexCorpus(argv[3])) {
      const char* data = reinterpret_cast<const char*>(kept.data());
      good = Write(argv[2], written++, data, kept.size()) && good;
    }
  }
  if (!good) std::fprintf(stderr, "cannot write to %s\n", argv[2]);
  std::printf("%zu seeds\n", written);
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 || argc == 4) {
    for (const vedette::FuzzTarget& target : vedette::FuzzTargets()) {
      if (std::strcmp(target.name, argv[1]) == 0) return WriteSeeds(target, argc, argv);
    }
  }
  std::fprintf(stderr, "usage: %s TARGET DIRECTORY [CORPUS.hex]\ntargets:", argv[0]);
  for (const vedette::FuzzTarget& target : vedette::FuzzTargets()) {
    std::fprintf(stderr, " %s", target.name);
  }
  std::fprintf(stderr, "\n");
  return 2;
}
