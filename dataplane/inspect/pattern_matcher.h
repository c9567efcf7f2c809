// Sensitive content in clear text: all patterns in one Hyperscan database, streaming, so that a
// match over a segment border is found; verifiers (Luhn, ISO 7064 mod 97, PEM) look at the matched
// bytes themselves, kept in a short tail of each stream. The database is immutable and shared by
// all shards; streams and scratch belong to one shard, are made at start and reset for each flow:
// Hyperscan allocates nothing while it scans.
#ifndef VEDETTE_DATAPLANE_INSPECT_PATTERN_MATCHER_H_
#define VEDETTE_DATAPLANE_INSPECT_PATTERN_MATCHER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/capture/packet_source.h"
#include "dataplane/sketch/key_hash.h"

struct hs_database;
struct hs_scratch;
struct hs_stream;

namespace vedette {

enum class PatternVerifier : uint8_t { kNone, kLuhn, kIban, kPem, kLogin };

struct PatternDefinition {
  std::string name;        // of the evidence: lower case, '_'
  std::string expression;  // Hyperscan's syntax
  PatternVerifier verifier = PatternVerifier::kNone;
  std::string severity = "high";  // of the alert: low, medium, high, critical
  uint32_t minimum = 1;           // distinct matches to one destination before it is worth an alert
  bool enabled = true;
  friend bool operator==(const PatternDefinition&, const PatternDefinition&) = default;
};

// conf/patterns.yaml says the same.
std::vector<PatternDefinition> BuiltInPatterns();

class PatternDatabase {
 public:
  // Names every pattern that does not compile, and why.
  static absl::StatusOr<std::shared_ptr<const PatternDatabase>> Create(
      const std::vector<PatternDefinition>& definitions);
  ~PatternDatabase();
  PatternDatabase(const PatternDatabase&) = delete;
  PatternDatabase& operator=(const PatternDatabase&) = delete;

  bool empty() const { return database_ == nullptr; }  // no pattern is enabled
  const std::vector<PatternDefinition>& patterns() const { return patterns_; }

 private:
  friend class PatternScanner;
  friend class PatternStream;
  PatternDatabase() = default;

  hs_database* database_ = nullptr;
  std::vector<PatternDefinition> patterns_;  // all of them: a match's id is an index into it
};

// A verified match.
struct PatternMatch {
  uint16_t pattern = 0;
  uint64_t offset_bytes = 0;  // of its end in the stream
  KeyHash digest;             // keyed, to count distinct ones; leaves the sensor never
};

// One stream's place: Hyperscan's state and the last bytes.
class PatternStream {
 public:
  explicit PatternStream(const PatternDatabase& database);
  ~PatternStream();
  PatternStream(PatternStream&& other) noexcept;
  PatternStream& operator=(PatternStream&&) = delete;

 private:
  friend class PatternScanner;
  static constexpr size_t kTailBytes = 96;
  hs_stream* stream_ = nullptr;
  bool is_fresh_ = true;  // nothing was scanned since it was opened or reset
  uint64_t scanned_bytes_ = 0;
  size_t tail_size_ = 0;
  std::array<char, kTailBytes> tail_;
};

// A shard's scanning: one thread.
class PatternScanner {
 public:
  explicit PatternScanner(std::shared_ptr<const PatternDatabase> database, KeyHash secret);
  ~PatternScanner();
  PatternScanner(const PatternScanner&) = delete;
  PatternScanner& operator=(const PatternScanner&) = delete;

  static constexpr size_t kMatchesMax = 16;  // of one call; further ones are not reported
  // Borrowed until the next call.
  struct Matches {
    std::array<PatternMatch, kMatchesMax> list;
    size_t count = 0;
  };

  void Begin(PatternStream& stream) noexcept;  // forgets what it held
  const Matches& Scan(PatternStream& stream, Bytes bytes) noexcept;
  // Patterns that want to see what follows them are told that nothing does.
  const Matches& End(PatternStream& stream) noexcept;

 private:
  static int OnMatch(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                     void* context);
  void Verify(unsigned id, uint64_t end) noexcept;
  // The bytes before stream offset `end`, oldest first, at most `max`.
  size_t Before(uint64_t end, size_t max, char* out) const noexcept;

  std::shared_ptr<const PatternDatabase> database_;
  std::vector<KeyHash> secrets_;  // by pattern
  hs_scratch* scratch_ = nullptr;
  Matches matches_;
  PatternStream* current_ = nullptr;
  Bytes current_bytes_;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_PATTERN_MATCHER_H_
