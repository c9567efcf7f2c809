// Streams of weighted keys with their exact counts, to hold sketches against the truth. Seeds are
// fixed: a bound that fails, fails each time.
#ifndef VEDETTE_TESTS_DATAPLANE_SKETCH_STREAMS_H_
#define VEDETTE_TESTS_DATAPLANE_SKETCH_STREAMS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "dataplane/sketch/key_hash.h"

namespace vedette {

// A secret per seed, as a sensor has one: what holds "over the choice of the key" is tried with
// many.
inline KeyHash HashOf(uint64_t key, uint64_t seed) {
  uint64_t x = key * 0x9e3779b97f4a7c15 ^ seed * 0xd1342543de82ef95;
  for (int round = 0; round < 3; ++round) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    x ^= x >> 31;
    x += seed;
  }
  return {x};
}

struct Update {
  uint64_t key = 0;
  uint32_t weight = 1;
};

struct Stream {
  std::string name;
  std::vector<Update> updates;

  std::map<uint64_t, uint64_t> Exact() const {
    std::map<uint64_t, uint64_t> exact;
    for (const Update& update : updates) exact[update.key] += update.weight;
    return exact;
  }
  uint64_t Total() const {
    uint64_t total = 0;
    for (const Update& update : updates) total += update.weight;
    return total;
  }
};

inline Stream Zipf(uint64_t seed, size_t keys, size_t updates) {
  std::vector<double> weights(keys);
  for (size_t i = 0; i < keys; ++i) weights[i] = 1 / static_cast<double>(i + 1);
  std::discrete_distribution<uint64_t> draw(weights.begin(), weights.end());
  std::mt19937_64 random(seed);
  Stream stream{"zipf", {}};
  for (size_t i = 0; i < updates; ++i) {
    stream.updates.push_back({draw(random), static_cast<uint32_t>(40 + random() % 1460)});
  }
  return stream;
}

inline Stream Uniform(uint64_t seed, size_t keys, size_t updates) {
  std::mt19937_64 random(seed);
  Stream stream{"uniform", {}};
  for (size_t i = 0; i < updates; ++i) stream.updates.push_back({random() % keys, 1});
  return stream;
}

// Heavy keys first, then more single ones than any table holds.
inline Stream HeavyFirst(size_t heavy, size_t light) {
  Stream stream{"heavy first", {}};
  for (uint64_t key = 0; key < heavy; ++key) stream.updates.push_back({key, 10'000});
  for (uint64_t key = 0; key < light; ++key) stream.updates.push_back({1'000'000 + key, 1});
  return stream;
}

// One key among single ones, each time after it may have been displaced: it must not be forgotten.
inline Stream Returning(size_t light, size_t every) {
  Stream stream{"returning", {}};
  for (uint64_t i = 0; i < light; ++i) {
    if (i % every == 0) stream.updates.push_back({7, 1});
    stream.updates.push_back({1'000'000 + i, 1});
  }
  return stream;
}

// One more key than there are rows, in turn: the order that costs Space-Saving most.
inline Stream InTurn(size_t keys, size_t turns) {
  Stream stream{"in turn", {}};
  for (size_t turn = 0; turn < turns; ++turn) {
    for (uint64_t key = 0; key < keys; ++key) stream.updates.push_back({key, 1});
  }
  return stream;
}

// A run of heavy keys beside each other in the table, then light ones that come back: whoever
// takes the lightest of a few neighbours only gives a light one too much or too little.
inline Stream HeavyRun(uint64_t seed, size_t rows) {
  Stream stream{"heavy run", {}};
  for (uint64_t key = 0; key < rows; ++key) {
    stream.updates.push_back({key, key < rows / 4 ? 5'000U : 1U});
  }
  std::mt19937_64 random(seed);
  for (size_t i = 0; i < 40 * rows; ++i) {
    stream.updates.push_back({1'000 + random() % (3 * rows), static_cast<uint32_t>(random() % 9)});
  }
  return stream;
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_DATAPLANE_SKETCH_STREAMS_H_
