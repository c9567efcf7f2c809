// Writes DNS messages for tests, right or wrong on purpose. Shares nothing with the parser. Tests
// only.
#ifndef VEDETTE_TESTS_DATAPLANE_INSPECT_DNS_WRITER_H_
#define VEDETTE_TESTS_DATAPLANE_INSPECT_DNS_WRITER_H_

#include <cstdint>
#include <string>

#include "dataplane/capture/packet_source.h"

namespace vedette {

inline Bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string Be16(uint64_t value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
inline std::string Be32(uint64_t value) { return Be16(value >> 16) + Be16(value); }

// "a.bc" as labels with the root's end; "" is the root.
inline std::string WireName(const std::string& name) {
  std::string wire;
  for (size_t at = 0; at < name.size();) {
    const size_t dot = std::min(name.find('.', at), name.size());
    wire += static_cast<char>(dot - at);
    wire += name.substr(at, dot - at);
    at = dot + 1;
  }
  return wire + '\0';
}
inline std::string Pointer(uint64_t target) { return Be16(0xc000 | target); }

class DnsWriter {
 public:
  static constexpr uint16_t kQuery = 0x0100, kAnswer = 0x8180;
  explicit DnsWriter(uint16_t flags = kAnswer, uint16_t id = 0x1234) : flags_(flags), id_(id) {}

  // Names are wire bytes, so that a test can put any.
  DnsWriter& Question(const std::string& wire_name, uint16_t type) {
    ++counts_[0];
    body_ += wire_name + Be16(type) + Be16(1);
    return *this;
  }
  DnsWriter& Answer(const std::string& wire_name, uint16_t type, const std::string& data) {
    return Record(1, wire_name, type, 1, data);
  }
  // Section 1: answers, 2: authority, 3: additional.
  DnsWriter& Record(int section, const std::string& wire_name, uint16_t type, uint16_t record_class,
                    const std::string& data) {
    ++counts_[section];
    body_ += wire_name + Be16(type) + Be16(record_class) + Be32(60) + Be16(data.size()) + data;
    return *this;
  }
  DnsWriter& Raw(const std::string& bytes) {
    body_ += bytes;
    return *this;
  }
  DnsWriter& Count(int section, uint16_t count) {
    counts_[section] = count;
    return *this;
  }
  std::string Build() const {
    std::string message = Be16(id_) + Be16(flags_);
    for (const uint16_t count : counts_) message += Be16(count);
    return message + body_;
  }

 private:
  uint16_t flags_, id_;
  uint16_t counts_[4] = {};
  std::string body_;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_DATAPLANE_INSPECT_DNS_WRITER_H_
