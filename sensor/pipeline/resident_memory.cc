#include "sensor/pipeline/resident_memory.h"

#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace vedette {
namespace {

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct Mapping {
  uintptr_t begin = 0, end = 0;
};

// Private, writable, of no file, and no stack: what tables are made of.
std::vector<Mapping> AnonymousMappings() {
  std::vector<Mapping> mappings;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Mapping mapping;
    char rights[5] = "";
    unsigned long inode = 0;
    int behind = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*x:%*x %lu%n", &mapping.begin,
                    &mapping.end, rights, &inode, &behind) != 4) {
      continue;
    }
    const bool named = line.find('[', static_cast<size_t>(behind)) != std::string::npos;
    if (inode == 0 && !named && std::string(rights) == "rw-p") mappings.push_back(mapping);
  }
  return mappings;
}

}  // namespace

uint64_t PopulateMemory() {
  uint64_t bytes = 0;
  for (const Mapping& mapping : AnonymousMappings()) {
    const size_t length = mapping.end - mapping.begin;
    const int populated =
        madvise(reinterpret_cast<void*>(mapping.begin), length, MADV_POPULATE_WRITE);
    if (populated == 0) bytes += length;
  }
  return bytes;
}

}  // namespace vedette
