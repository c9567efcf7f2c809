// Which processors the polling threads run on: near the interface's memory, one each, and one left
// for everything else. Set-up only; reads below a root, so that a test can make a machine up.
#ifndef VEDETTE_SENSOR_PIPELINE_CORE_CHOICE_H_
#define VEDETTE_SENSOR_PIPELINE_CORE_CHOICE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace vedette {

struct Processor {
  int number = 0;
  int node = 0;               // NUMA
  bool first_of_core = true;  // not the second hyper-thread of another one
};

// Those this process may use, by number.
std::vector<Processor> UsableProcessors(const std::string& root = "/");
// The node of an interface's card; -1: it has none, or does not say.
int NodeOfInterface(const std::string& interface, const std::string& root = "/");

struct CoreChoice {
  std::vector<int> cores;  // empty: no thread is pinned
  std::string why;         // one line for the log
};
// For `threads` that poll; `node` -1: any.
CoreChoice ChooseCores(absl::Span<const Processor> usable, size_t threads, int node);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_CORE_CHOICE_H_
