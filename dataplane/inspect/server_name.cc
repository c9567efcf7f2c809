#include "dataplane/inspect/server_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace vedette {
namespace {

// Reads what is there; a length that leads past the end stops everything.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  size_t left() const { return bytes_.size(); }
  uint32_t Take(size_t count) {
    const Bytes taken = TakeBytes(count);
    uint32_t value = 0;
    for (const std::byte b : taken) value = value << 8 | static_cast<uint8_t>(b);
    return value;
  }
  Bytes TakeBytes(size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const Bytes taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  // The bytes behind a length field.
  Bytes TakeVector(size_t length_bytes) { return TakeBytes(Take(length_bytes)); }
  // As many of them as there are.
  Bytes TakeVectorSoFar(size_t length_bytes) {
    const size_t length = Take(length_bytes);
    return TakeBytes(std::min(length, left()));
  }

 private:
  Bytes bytes_;
  bool ok_ = true;
};

void Assign(Bytes text, ServerName& name) {
  const size_t length = std::min(text.size(), name.size() - 1);
  for (size_t i = 0; i < length; ++i) name[i] = static_cast<char>(text[i]);
  name[length] = '\0';
}

bool NameInExtensions(Bytes bytes, ServerName& name) {
  constexpr uint32_t kServerName = 0, kHostName = 0;
  Reader extensions(bytes);
  while (extensions.left() >= 4) {
    const uint32_t type = extensions.Take(2);
    const Bytes body = extensions.TakeVector(2);
    if (type != kServerName) continue;
    Reader list(body);
    list.Take(2);
    if (list.Take(1) != kHostName) return false;
    const Bytes host = list.TakeVector(2);
    if (host.empty()) return false;
    Assign(host, name);
    return true;
  }
  return false;
}

}  // namespace

NameSearch ServerNameOfTls(Bytes first_bytes, ServerName& name) noexcept {
  constexpr size_t kRecordHeader = 5;
  constexpr uint32_t kHandshake = 22, kClientHello = 1;
  Reader header(first_bytes);
  const uint32_t type = header.Take(1);
  header.Take(2);  // version
  const size_t length = header.Take(2);
  if (!header.ok()) return NameSearch::kMoreNeeded;
  if (type != kHandshake) return NameSearch::kNone;
  const Bytes record = first_bytes.subspan(kRecordHeader);
  // A hello spread over several records is not put together.
  const NameSearch missing = record.size() < length ? NameSearch::kMoreNeeded : NameSearch::kNone;
  Reader hello(record.first(std::min(record.size(), length)));
  if (hello.Take(1) != kClientHello) return missing;
  hello.Take(3);        // length
  hello.TakeBytes(34);  // version, random
  hello.TakeVector(1);  // session
  hello.TakeVector(2);  // cipher suites
  hello.TakeVector(1);  // compression
  return NameInExtensions(hello.TakeVectorSoFar(2), name) ? NameSearch::kFound : missing;
}

NameSearch ServerNameOfHttp(Bytes first_bytes, ServerName& name) noexcept {
  constexpr size_t kHeaderMax = 2'048;
  const Bytes head = first_bytes.first(std::min(first_bytes.size(), kHeaderMax));
  absl::string_view rest(reinterpret_cast<const char*>(head.data()), head.size());
  while (true) {
    const size_t end = rest.find('\n');
    if (end == absl::string_view::npos) break;
    absl::string_view line = rest.substr(0, end);
    rest = rest.substr(end + 1);
    if (line.empty() || line == "\r") return NameSearch::kNone;
    if (!absl::StartsWithIgnoreCase(line, "host:")) continue;
    line = absl::StripAsciiWhitespace(line.substr(5));
    if (line.empty()) return NameSearch::kNone;
    Assign({reinterpret_cast<const std::byte*>(line.data()), line.size()}, name);
    return NameSearch::kFound;
  }
  return head.size() == kHeaderMax ? NameSearch::kNone : NameSearch::kMoreNeeded;
}

}  // namespace vedette
