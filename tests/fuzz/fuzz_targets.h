// The fuzz targets beside fuzz_decode. Each takes any bytes and aborts when a promise is broken;
// reads out of bounds are the sanitizers' to find. Seeds come from the tests' own builders, kept
// inputs from <name>_corpus.hex. Used by libFuzzer programs, the seed writer and the replay test.
#ifndef VEDETTE_TESTS_FUZZ_FUZZ_TARGETS_H_
#define VEDETTE_TESTS_FUZZ_FUZZ_TARGETS_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "dataplane/capture/packet_source.h"

namespace vedette {

using FuzzInput = std::span<const uint8_t>;

// Decode() against a naive decoder of the simplest packets.
void FuzzDecodeModel(FuzzInput input);
// The readers of pcap and pcapng, shown windows of different sizes: the same packets each time.
void FuzzCaptureReaders(FuzzInput input);
// A whole file: recognized, unpacked, read to its end.
void FuzzCaptureFile(FuzzInput input);
// Parsers of payloads. First byte: which one.
void FuzzInspect(FuzzInput input);
// Content patterns: cut anywhere, a stream has the same matches.
void FuzzPatterns(FuzzInput input);
// The configuration, from its bytes to its values.
void FuzzConfig(FuzzInput input);
std::vector<std::string> ConfigSeeds();
// A policy file to its verdicts, and an alert's JSON to its explanation.
void FuzzPolicy(FuzzInput input);
std::vector<std::string> PolicySeeds();
// Models: messages, their payloads, and the file of versions. First byte: which.
void FuzzModels(FuzzInput input);
std::vector<std::string> ModelSeeds();
// Text from packets on its way to terminals, pages and JSON. First byte: how much of it.
void FuzzText(FuzzInput input);
std::vector<std::string> TextSeeds();
// Packets through the whole line, to the events they become.
void FuzzLine(FuzzInput input);
std::vector<std::string> LineSeeds();

struct FuzzTarget {
  const char* name;
  void (*run)(FuzzInput);
  std::vector<std::string> (*seeds)();
  unsigned mutations = 2'000;  // of seeds, in the quick suite
};
const std::vector<FuzzTarget>& FuzzTargets();

inline void Require(bool promise) {
  if (!promise) std::abort();
}
inline Bytes AsBytes(FuzzInput input) {
  return {reinterpret_cast<const std::byte*>(input.data()), input.size()};
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_FUZZ_FUZZ_TARGETS_H_
