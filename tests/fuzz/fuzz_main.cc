// libFuzzer's entry; VEDETTE_FUZZ_TARGET names the target.
#include "tests/fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vedette::VEDETTE_FUZZ_TARGET({data, size});
  return 0;
}
