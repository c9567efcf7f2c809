#include "dataplane/sketch/zeroed_array.h"

#include <cstdio>
#include <cstdlib>

namespace vedette {

void* MapZeroed(size_t bytes) noexcept {
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  constexpr size_t kHugePageBytes = size_t{2} << 20;
  if (bytes >= 4 * kHugePageBytes) madvise(at, bytes, MADV_HUGEPAGE);  // advice; may be refused
  return at;
}

void FailOutOfMemory() {
  std::fputs("vedette: no memory for its tables; lower the sizes in the configuration\n", stderr);
  std::abort();
}

}  // namespace vedette
