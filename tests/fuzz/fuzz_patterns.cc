#include <set>
#include <utility>

#include "dataplane/inspect/pattern_matcher.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

using Found = std::set<std::pair<uint16_t, uint64_t>>;

std::shared_ptr<const PatternDatabase> Patterns() {
  static const auto database = PatternDatabase::Create(BuiltInPatterns()).value();
  return database;
}

// False when more was found at once than is reported.
bool Scan(FuzzInput text, size_t first, size_t step, Found& found) {
  PatternScanner scanner(Patterns(), KeyHash{11});
  PatternStream stream(*Patterns());
  bool all = true;
  const auto keep = [&](const PatternScanner::Matches& matches) {
    if (matches.count == PatternScanner::kMatchesMax) all = false;
    for (size_t i = 0; i < matches.count; ++i) {
      Require(matches.list[i].pattern < Patterns()->patterns().size());
      Require(matches.list[i].offset_bytes <= text.size());
      found.emplace(matches.list[i].pattern, matches.list[i].digest.value);
    }
  };
  scanner.Begin(stream);
  for (size_t at = 0, size = first; at < text.size(); at += size, size = step) {
    size = std::min(size, text.size() - at);
    const std::vector<std::byte> piece(AsBytes(text).begin() + static_cast<ptrdiff_t>(at),
                                       AsBytes(text).begin() + static_cast<ptrdiff_t>(at + size));
    keep(scanner.Scan(stream, piece));
  }
  keep(scanner.End(stream));
  return all;
}

}  // namespace

// First two bytes: size of the first piece, and of the others.
void FuzzPatterns(FuzzInput input) {
  if (input.size() < 3) return;
  const size_t first = input[0] + 1U, step = input[1] + 1U;
  const FuzzInput text = input.subspan(2);
  Found whole, pieces;
  const bool all = Scan(text, text.size(), text.size(), whole);
  if (Scan(text, first, step, pieces) && all) Require(whole == pieces);
}

}  // namespace vedette
