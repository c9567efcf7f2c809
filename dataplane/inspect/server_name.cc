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
  // The bytes behind a length field, as many as were captured.
  Bytes TakeVector(size_t length_bytes) {
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

}  // namespace

bool ServerNameOfTls(Bytes payload, ServerName& name) noexcept {
  constexpr uint32_t kHandshake = 22, kClientHello = 1, kServerNameExtension = 0, kHostName = 0;
  Reader record(payload);
  if (record.Take(1) != kHandshake) return false;
  record.Take(4);  // version, length: the hello may go on in another segment
  if (record.Take(1) != kClientHello) return false;
  record.Take(3);        // length
  record.TakeBytes(34);  // version, random
  record.TakeVector(1);  // session
  record.TakeVector(2);  // cipher suites
  record.TakeVector(1);  // compression
  Reader extensions(record.TakeVector(2));
  while (extensions.ok() && extensions.left() >= 4) {
    const uint32_t type = extensions.Take(2);
    const Bytes body = extensions.TakeVector(2);
    if (type != kServerNameExtension) continue;
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

bool ServerNameOfHttp(Bytes payload, ServerName& name) noexcept {
  constexpr size_t kHeaderMax = 2'048;
  const Bytes head = payload.first(std::min(payload.size(), kHeaderMax));
  absl::string_view rest(reinterpret_cast<const char*>(head.data()), head.size());
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    absl::string_view line = rest.substr(0, end);
    rest = end == absl::string_view::npos ? absl::string_view() : rest.substr(end + 1);
    if (line.empty() || line == "\r") return false;
    if (!absl::StartsWithIgnoreCase(line, "host:")) continue;
    line = absl::StripAsciiWhitespace(line.substr(5));
    if (line.empty()) return false;
    Assign({reinterpret_cast<const std::byte*>(line.data()), line.size()}, name);
    return true;
  }
  return false;
}

}  // namespace vedette
