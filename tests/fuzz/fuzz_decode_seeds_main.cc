// fuzz_decode_seeds DIRECTORY [CORPUS.hex]: writes the seeds of fuzz_decode as files.
#include <cstdio>
#include <fstream>

#include "tests/fuzz/fuzz_decode_seeds.h"

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: %s DIRECTORY [CORPUS.hex]\n", argv[0]);
    return 2;
  }
  std::vector<std::vector<uint8_t>> seeds = vedette::BuiltDecodeSeeds();
  if (argc == 3) {
    for (std::vector<uint8_t>& seed : vedette::ReadHexCorpus(argv[2])) {
      seeds.push_back(std::move(seed));
    }
  }
  for (size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream file(std::string(argv[1]) + "/seed_" + std::to_string(i), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seeds[i].data()),
               static_cast<std::streamsize>(seeds[i].size()));
    if (!file) {
      std::fprintf(stderr, "cannot write to %s\n", argv[1]);
      return 1;
    }
  }
  std::printf("%zu seeds\n", seeds.size());
  return 0;
}
