// What one shard needs to look for one set of patterns: scanner and streams, all made at once, so
// that a worker which is given others takes them without making any. Used by one shard.
#ifndef VEDETTE_DATAPLANE_INSPECT_PATTERN_TOOLS_H_
#define VEDETTE_DATAPLANE_INSPECT_PATTERN_TOOLS_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/inspect/pattern_matcher.h"

namespace vedette {

struct PatternTools {
  // `streams`: followed at one time.
  PatternTools(std::shared_ptr<const PatternDatabase> patterns, KeyHash secret, size_t streams_max)
      : database(std::move(patterns)), scanner(database, secret), datagram(*database) {
    streams.reserve(streams_max);
    for (size_t i = 0; i < streams_max; ++i) streams.emplace_back(*database);
  }

  std::shared_ptr<const PatternDatabase> database;
  PatternScanner scanner;
  PatternStream datagram;
  std::vector<PatternStream> streams;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_PATTERN_TOOLS_H_
