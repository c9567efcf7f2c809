// theta_tool SHARDS POOL: reads addresses, one a line, counts them as so many shards would (pools
// with room for POOL sketches), prints the merged set as hex, then its estimate. For
// theta_reference_test.py.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "dataplane/decode/address_text.h"
#include "dataplane/sketch/theta_sketch.h"

int main(int argc, char** argv) {
  using namespace vedette;
  if (argc != 3) {
    std::fprintf(stderr, "usage: theta_tool SHARDS POOL\n");
    return 2;
  }
  const size_t shards = std::strtoul(argv[1], nullptr, 10);
  std::vector<ThetaPool> pools;
  for (size_t i = 0; i < shards; ++i) pools.emplace_back(std::strtoul(argv[2], nullptr, 10));
  std::vector<ThetaHandle> handles(shards), others(shards);
  std::string line;
  for (size_t i = 0; std::getline(std::cin, line); ++i) {
    const absl::StatusOr<IpAddress> ip = ParseIp(line);
    if (!ip.ok()) {
      std::fprintf(stderr, "theta_tool: no address: %s\n", line.c_str());
      return 2;
    }
    // The first neighbour takes a large place before anybody else needs one.
    pools[i % shards].Update(others[i % shards], ThetaHashOf(*ip));
    pools[i % shards].Update(handles[i % shards], ThetaHashOf(*ip));
  }
  ThetaSet set;
  for (size_t i = 0; i < shards; ++i) set.Merge(pools[i], handles[i]);
  std::printf("%s\n%.17g\n", set.ToHex().c_str(), set.Estimate());
}
