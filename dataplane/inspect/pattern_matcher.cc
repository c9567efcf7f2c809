#include "dataplane/inspect/pattern_matcher.h"

#include <hs.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/inspect/pattern_verifiers.h"
#include "dataplane/track/keyed_hash.h"

namespace vedette {
namespace {

[[noreturn]] void FailSetUp(const char* what) {
  std::fprintf(stderr, "vedette: %s\n", what);  // set-up only: there is nobody to return to
  std::abort();
}

KeyHash DigestOf(KeyHash secret, absl::string_view text) {
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;  // one card, however it is written
    secret = KeyedHash::Combine(secret, static_cast<uint8_t>(c));
  }
  return secret;
}

}  // namespace

std::vector<PatternDefinition> BuiltInPatterns() {
  return {
      {.name = "card_number",
       .expression = R"re(\b[2-6]\d{3}[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{4,5})\b)re",
       .verifier = PatternVerifier::kLuhn,
       .minimum = 2},
      {.name = "iban",
       .expression = R"re(\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b)re",
       .verifier = PatternVerifier::kIban,
       .minimum = 3},
      {.name = "private_key",
       .expression =
           R"re(-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\r?\n[A-Za-z0-9+/=:, \-\r\n]{48})re",
       .verifier = PatternVerifier::kPem,
       .severity = "critical"},
      {.name = "aws_secret_key",
       .expression = R"re(aws_secret_access_key["']?\s{0,4}[=:]\s{0,4}["']?[A-Za-z0-9/+=]{40}\b)re",
       .severity = "critical"},
      {.name = "google_service_account",
       .expression = R"re("type"\s*:\s*"service_account"[^}]*"private_key")re",
       .severity = "critical"},
      // FTP and POP3: the client's lines follow each other in its own stream.
      {.name = "password_login",
       .expression = R"re((?i:(?:^|\n)USER [^\r\n]+\r?\nPASS [^\r\n]+\r?\n))re",
       .verifier = PatternVerifier::kLogin,
       .severity = "medium"},
      {.name = "smtp_login",
       .expression =
           R"re((?i:(?:^|\n)AUTH (?:PLAIN [a-z0-9+/=]{8}|LOGIN(?: [a-z0-9+/=]+)?\r?\n[a-z0-9+/=]{4})[a-z0-9+/=]*\r?\n))re",
       .severity = "medium"},
      {.name = "http_basic_login",
       .expression =
           R"re((?i:\n(?:Proxy-)?Authorization: *Basic +[a-z0-9+/=]{4}[a-z0-9+/=]*\r?\n))re",
       .severity = "medium"},
      {.name = "document_marker",
       .expression =
           R"re((?:STRICTLY|COMPANY|TOP|BUSINESS)[ \-](?:CONFIDENTIAL|SECRET)[ \-]?(?:INTERNAL|NOT FOR DISTRIBUTION)?)re",
       .severity = "medium",
       .enabled = false},
  };
}

absl::StatusOr<std::shared_ptr<const PatternDatabase>> PatternDatabase::Create(
    const std::vector<PatternDefinition>& definitions) {
  // make_shared cannot reach the constructor.
  std::shared_ptr<PatternDatabase> database(new PatternDatabase());  // set-up only: compiling
  database->patterns_ = definitions;
  std::vector<const char*> expressions;
  std::vector<unsigned> flags, ids;
  std::vector<std::string> faults;
  for (size_t i = 0; i < database->patterns_.size(); ++i) {
    const PatternDefinition& pattern = database->patterns_[i];
    if (!pattern.enabled) continue;
    expressions.push_back(pattern.expression.c_str());
    flags.push_back(HS_FLAG_DOTALL);
    ids.push_back(static_cast<unsigned>(i));
    hs_expr_info_t* info = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_expression_info(expressions.back(), flags.back(), &info, &error) != HS_SUCCESS) {
      faults.push_back(absl::StrCat("pattern ", pattern.name, ": ", error->message));
      hs_free_compile_error(error);
    }
    std::free(info);  // set-up only: Hyperscan gave it
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  if (expressions.empty()) return database;
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(expressions.data(), flags.data(), ids.data(),
                       static_cast<unsigned>(expressions.size()), HS_MODE_STREAM, nullptr,
                       &database->database_, &error) != HS_SUCCESS) {
    const absl::Status status = absl::InvalidArgumentError(
        absl::StrCat("patterns do not compile together: ", error->message));
    hs_free_compile_error(error);
    return status;
  }
  return database;
}

PatternDatabase::~PatternDatabase() { hs_free_database(database_); }

PatternStream::PatternStream(const PatternDatabase& database) {
  if (!database.empty() && hs_open_stream(database.database_, 0, &stream_) != HS_SUCCESS) {
    FailSetUp("no memory for pattern streams; lower inspect.streams");
  }
}
PatternStream::PatternStream(PatternStream&& other) noexcept
    : stream_(std::exchange(other.stream_, nullptr)),
      is_fresh_(other.is_fresh_),
      scanned_bytes_(other.scanned_bytes_),
      tail_size_(other.tail_size_),
      tail_(other.tail_) {}
PatternStream::~PatternStream() {
  if (stream_ != nullptr) hs_close_stream(stream_, nullptr, nullptr, nullptr);
}

PatternScanner::PatternScanner(std::shared_ptr<const PatternDatabase> database, KeyHash secret)
    : database_(std::move(database)) {
  // By name: the same match has the same digest when other patterns come and go.
  for (const PatternDefinition& pattern : database_->patterns()) {
    secrets_.push_back(DigestOf(secret, pattern.name));
  }
  if (!database_->empty() && hs_alloc_scratch(database_->database_, &scratch_) != HS_SUCCESS) {
    FailSetUp("no memory for pattern matching");
  }
}
PatternScanner::~PatternScanner() { hs_free_scratch(scratch_); }

void PatternScanner::Begin(PatternStream& stream) noexcept {
  stream.scanned_bytes_ = 0;
  stream.tail_size_ = 0;
  if (stream.is_fresh_ || stream.stream_ == nullptr) return;
  hs_reset_stream(stream.stream_, 0, nullptr, nullptr, nullptr);
  stream.is_fresh_ = true;
}

const PatternScanner::Matches& PatternScanner::Scan(PatternStream& stream, Bytes bytes) noexcept {
  matches_.count = 0;
  if (stream.stream_ == nullptr || bytes.empty()) return matches_;
  current_ = &stream;
  current_bytes_ = bytes;
  stream.is_fresh_ = false;
  hs_scan_stream(stream.stream_, reinterpret_cast<const char*>(bytes.data()),
                 static_cast<unsigned>(bytes.size()), 0, scratch_, OnMatch, this);
  char tail[PatternStream::kTailBytes];
  const size_t kept = Before(stream.scanned_bytes_ + bytes.size(), sizeof(tail), tail);
  std::copy_n(tail, kept, stream.tail_.begin());
  stream.tail_size_ = kept;
  stream.scanned_bytes_ += bytes.size();
  return matches_;
}

const PatternScanner::Matches& PatternScanner::End(PatternStream& stream) noexcept {
  matches_.count = 0;
  if (stream.stream_ == nullptr) return matches_;
  current_ = &stream;
  current_bytes_ = {};
  hs_reset_stream(stream.stream_, 0, scratch_, OnMatch, this);
  stream.is_fresh_ = true;
  stream.scanned_bytes_ = 0;
  stream.tail_size_ = 0;
  return matches_;
}

int PatternScanner::OnMatch(unsigned id, unsigned long long, unsigned long long to, unsigned,
                            void* context) {
  static_cast<PatternScanner*>(context)->Verify(id, to);
  return 0;
}

size_t PatternScanner::Before(uint64_t end, size_t max, char* out) const noexcept {
  const PatternStream& stream = *current_;
  const uint64_t oldest = stream.scanned_bytes_ - stream.tail_size_;
  const uint64_t begin = std::max(oldest, end > max ? end - max : 0);
  if (end <= begin) return 0;  // a pattern that looks further ahead than the tail reaches back
  const uint64_t current = std::clamp(stream.scanned_bytes_, begin, end);  // the tail lies before
  if (begin < current) std::memcpy(out, &stream.tail_[begin - oldest], current - begin);
  if (current < end) {
    std::memcpy(out + (current - begin), &current_bytes_[current - stream.scanned_bytes_],
                end - current);
  }
  return static_cast<size_t>(end - begin);
}

void PatternScanner::Verify(unsigned id, uint64_t end) noexcept {
  if (matches_.count == kMatchesMax) return;
  char bytes[PatternStream::kTailBytes];
  const absl::string_view before(bytes, Before(end, sizeof(bytes), bytes));
  absl::string_view number = before;
  switch (database_->patterns_[id].verifier) {
    case PatternVerifier::kLuhn:
      number = CardNumberAtEnd(before);
      if (number.empty()) return;
      break;
    case PatternVerifier::kIban:
      number = IbanAtEnd(before);
      if (number.empty()) return;
      break;
    case PatternVerifier::kLogin:
      number = LoginAtEnd(before);
      if (number.empty()) return;
      break;
    case PatternVerifier::kPem:
    case PatternVerifier::kNone:
      break;
  }
  const KeyHash digest = DigestOf(secrets_[id], number);
  for (size_t i = 0; i < matches_.count; ++i) {  // one number may match in several ways
    if (matches_.list[i].digest.value == digest.value) return;
  }
  matches_.list[matches_.count++] = {
      .pattern = static_cast<uint16_t>(id), .offset_bytes = end, .digest = digest};
}

}  // namespace vedette
