#include "sensor/command/patterns_command.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <ostream>
#include <span>
#include <system_error>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/inspect/pattern_matcher.h"

namespace vedette {
namespace {

// Small, as a scan reports at most PatternScanner::kMatchesMax.
constexpr size_t kChunkBytes = 256;
constexpr size_t kPlacesShown = 10;

struct Tally {
  uint64_t matches = 0;
  absl::flat_hash_set<uint64_t> distinct;
  std::vector<uint64_t> places;
};

void Add(const PatternScanner::Matches& found, std::vector<Tally>& tallies) {
  for (const PatternMatch& match : std::span(found.list).first(found.count)) {
    Tally& tally = tallies[match.pattern];
    ++tally.matches;
    tally.distinct.insert(match.digest.value);
    if (tally.places.size() < kPlacesShown) tally.places.push_back(match.offset_bytes);
  }
}

std::vector<Tally> Scan(std::istream& input,
                        const std::shared_ptr<const PatternDatabase>& database) {
  std::vector<Tally> tallies(database->patterns().size());
  PatternScanner scanner(database, KeyHash{});
  PatternStream stream(*database);
  scanner.Begin(stream);
  std::array<char, kChunkBytes> chunk;
  do {
    input.read(chunk.data(), chunk.size());
    const auto bytes = std::as_bytes(std::span(chunk));
    Add(scanner.Scan(stream, bytes.first(static_cast<size_t>(input.gcount()))), tallies);
  } while (input);
  Add(scanner.End(stream), tallies);
  return tallies;
}

void Print(const std::string& name, const std::vector<Tally>& tallies,
           const PatternDatabase& database, std::ostream& out) {
  bool any = false;
  for (size_t i = 0; i < tallies.size(); ++i) {
    const Tally& tally = tallies[i];
    if (tally.matches == 0) continue;
    any = true;
    out << name << ": " << database.patterns()[i].name << ": " << tally.matches
        << (tally.matches == 1 ? " match, " : " matches, ") << tally.distinct.size()
        << " distinct, ending at byte " << absl::StrJoin(tally.places, ", ")
        << (tally.matches > tally.places.size() ? ", ...\n" : "\n");
  }
  if (!any) out << name << ": no match\n";
}

absl::StatusOr<std::vector<PatternDefinition>> PatternsOf(const std::string& config_path) {
  if (config_path.empty()) return BuiltInPatterns();
  absl::StatusOr<SensorConfig> config = LoadConfig(config_path);
  if (!config.ok()) return config.status();
  return std::move(config->patterns);
}

// Says what is wrong with the file and returns false when it cannot be read.
bool TestFile(const std::string& name, const std::shared_ptr<const PatternDatabase>& database,
              const CommandContext& context) {
  if (name == "-") {
    Print(name, Scan(std::cin, database), *database, context.out);
    return true;
  }
  std::error_code error;
  if (std::filesystem::is_directory(name, error)) {
    context.err << name << ": is a directory; name the files in it\n";
    return false;
  }
  errno = 0;
  std::ifstream file(name, std::ios::binary);
  if (!file) {
    context.err << name << ": cannot be opened for reading: " << std::strerror(errno) << '\n';
    return false;
  }
  const std::vector<Tally> tallies = Scan(file, database);
  if (file.bad()) {
    context.err << name << ": cannot be read to its end\n";
    return false;
  }
  Print(name, tallies, *database, context.out);
  return true;
}

}  // namespace

int RunPatternsTest(const PatternsArguments& arguments, const CommandContext& context) {
  const auto patterns = PatternsOf(arguments.config_path);
  if (!patterns.ok()) {
    context.err << patterns.status().message() << '\n';
    return static_cast<int>(ExitStatus::kUsage);
  }
  const auto database = PatternDatabase::Create(*patterns);
  if (!database.ok()) {
    context.err << database.status().message() << '\n';
    return static_cast<int>(ExitStatus::kUsage);
  }
  bool all_read = true;
  for (const std::string& file : arguments.files) {
    all_read = TestFile(file, *database, context) && all_read;
  }
  return static_cast<int>(all_read ? ExitStatus::kDone : ExitStatus::kFailed);
}

}  // namespace vedette
