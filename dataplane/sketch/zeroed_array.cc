#include "dataplane/sketch/zeroed_array.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace vedette {

void* MapZeroed(size_t bytes) noexcept {
  // A table that is looked up at random misses the TLB at each step: huge pages, which want to lie
  // on their own borders, are worth more than the memory lost at the end.
  constexpr size_t kHugePageBytes = size_t{2} << 20;
  const bool huge = bytes >= kHugePageBytes / 2;
  const size_t slack = huge ? kHugePageBytes : 0;
  void* const map = mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  if (!huge) return map;
  const auto begin = reinterpret_cast<uintptr_t>(map);
  const uintptr_t aligned = (begin + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  if (aligned != begin) munmap(map, aligned - begin);
  const size_t behind = slack - (aligned - begin);
  const size_t length = (bytes + 4095) / 4096 * 4096;
  if (behind >= 4096) {
    const uintptr_t end = aligned + length;
    const uintptr_t map_end = begin + (bytes + slack + 4095) / 4096 * 4096;
    if (map_end > end) munmap(reinterpret_cast<void*>(end), map_end - end);
  }
  void* const at = reinterpret_cast<void*>(aligned);
  madvise(at, length, MADV_HUGEPAGE);  // advice; may be refused
  return at;
}

void FailOutOfMemory() {
  std::fputs("vedette: no memory for its tables; lower the sizes in the configuration\n", stderr);
  std::abort();
}

}  // namespace vedette
