// Checksums by size: with the vectors the processor has, and without any.
#include <benchmark/benchmark.h>

#include <vector>

#include "dataplane/decode/checksum.h"
#include "tests/bench/portable_checksum.h"

namespace vedette {
namespace {

template <typename Sum>
void RunSum(benchmark::State& state, Sum sum) {
  // Packets lie anywhere: not on the borders that vectors like.
  const std::vector<uint8_t> data(static_cast<size_t>(state.range(0)) + 2, 0x5a);
  for (auto unused : state) {
    benchmark::DoNotOptimize(sum(data.data() + 2, static_cast<size_t>(state.range(0))));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void Sum(benchmark::State& state) {
  RunSum(state, [](const uint8_t* at, size_t bytes) { return OnesComplementSum(at, bytes); });
}
void SumPortable(benchmark::State& state) { RunSum(state, PortableLongSum); }
void Crc(benchmark::State& state) {
  RunSum(state, [](const uint8_t* at, size_t bytes) { return Crc32c(0, at, bytes); });
}
void CrcPortable(benchmark::State& state) {
  RunSum(state, [](const uint8_t* at, size_t bytes) { return PortableCrc32c(0, at, bytes); });
}

BENCHMARK(Sum)->Arg(20)->Arg(64)->Arg(576)->Arg(1'460);
BENCHMARK(SumPortable)->Arg(96)->Arg(576)->Arg(1'460);
BENCHMARK(Crc)->Arg(64)->Arg(1'460);
BENCHMARK(CrcPortable)->Arg(64)->Arg(1'460);

}  // namespace
}  // namespace vedette
