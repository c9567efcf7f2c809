// What the flow table costs a packet: of a flow that is there, of one that is not, of one that has
// to push out another, and the end of those that are due. Tables of one shard (32 Ki flows) and of
// a whole sensor (512 Ki), which no cache holds; keys in random order.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "dataplane/track/flow_table.h"
#include "dataplane/track/keyed_hash.h"

namespace vedette {
namespace {

constexpr uint64_t kNowUs = 1'000'000;

struct Asked {
  FlowKey key;
  KeyHash hash;
};

std::vector<Asked> RandomFlows(size_t count, uint64_t seed) {
  const KeyedHash hash({1, 2});
  std::mt19937_64 random(seed);
  std::vector<Asked> flows(count);
  for (Asked& flow : flows) {
    const uint64_t any = random();
    const auto byte = [any](size_t i) { return static_cast<uint8_t>(any >> (8 * i)); };
    flow.key = {.low_ip = IpAddress::V4(10, 16, byte(0), byte(1)),
                .high_ip = IpAddress::V4(93, byte(2), byte(3), byte(4)),
                .low_port = static_cast<uint16_t>(any >> 40),
                .high_port = 443,
                .protocol = 6};
    flow.hash = hash.OfFlow(flow.key);
  }
  return flows;
}

void Insert(FlowTable& table, const Asked& flow, uint64_t now_us) {
  Flow* const made = table.Insert(flow.key, flow.hash, now_us, [](Flow&) {});
  made->state = FlowState::kSyn;
  made->last_us = now_us;
  table.Schedule(*made, now_us / 1'000'000 + 30);
}

void Fill(FlowTable& table, const std::vector<Asked>& flows) {
  for (const Asked& flow : flows) Insert(table, flow, kNowUs);
}

// The next one's bucket is fetched while this one is looked at, as a worker does over a burst.
template <typename Call>
void EachFetchedAhead(benchmark::State& state, const FlowTable& table,
                      const std::vector<Asked>& flows, Call call) {
  constexpr size_t kAhead = 16;
  size_t i = 0;
  for (auto unused : state) {
    table.Prefetch(flows[(i + 2 * kAhead) % flows.size()].hash);
    table.PrefetchFlow(flows[(i + kAhead) % flows.size()].hash, kNowUs);
    call(flows[i % flows.size()], i);
    ++i;
  }
  state.SetItemsProcessed(state.iterations());
}

void FlowFindHit(benchmark::State& state) {
  FlowTable table(static_cast<size_t>(state.range(0)));
  const std::vector<Asked> flows = RandomFlows(table.capacity() / 4, 1);
  Fill(table, flows);
  EachFetchedAhead(state, table, flows, [&table](const Asked& flow, size_t) {
    benchmark::DoNotOptimize(table.Find(flow.key, flow.hash));
  });
}

void FlowFindMiss(benchmark::State& state) {
  FlowTable table(static_cast<size_t>(state.range(0)));
  Fill(table, RandomFlows(table.capacity() / 4, 1));
  const std::vector<Asked> others = RandomFlows(table.capacity(), 2);
  EachFetchedAhead(state, table, others, [&table](const Asked& flow, size_t) {
    benchmark::DoNotOptimize(table.Find(flow.key, flow.hash));
  });
}

// Every bucket is full of half-open flows: the spoofed SYN's way.
void FlowInsertIntoFull(benchmark::State& state) {
  FlowTable table(static_cast<size_t>(state.range(0)));
  const std::vector<Asked> flows = RandomFlows(table.capacity() * 4, 1);
  Fill(table, flows);
  EachFetchedAhead(state, table, flows, [&table](const Asked& flow, size_t i) {
    if (table.Find(flow.key, flow.hash) == nullptr) Insert(table, flow, kNowUs + i);
  });
}

// A flow that comes and, at its deadline, goes: both ends.
void FlowInsertAndExpire(benchmark::State& state) {
  FlowTable table(static_cast<size_t>(state.range(0)));
  const std::vector<Asked> flows = RandomFlows(table.capacity() / 4, 1);
  uint64_t second = kNowUs / 1'000'000, ended = 0;
  for (auto unused : state) {
    for (const Asked& flow : flows) Insert(table, flow, second * 1'000'000);
    second += 31;
    table.ExpireUntil(second, [&ended](Flow&) {
      ++ended;
      return uint64_t{0};
    });
  }
  benchmark::DoNotOptimize(ended);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(flows.size()));
}

BENCHMARK(FlowFindHit)->Arg(32'768)->Arg(524'288);
BENCHMARK(FlowFindMiss)->Arg(32'768)->Arg(524'288);
BENCHMARK(FlowInsertIntoFull)->Arg(32'768)->Arg(524'288);
BENCHMARK(FlowInsertAndExpire)->Arg(32'768)->Arg(524'288);

}  // namespace
}  // namespace vedette
