// Writes capture files for tests byte by byte: pcap and pcapng in either byte order, right or wrong
// on purpose. Shares nothing with the readers it checks. Tests only.
#ifndef VEDETTE_TESTS_DATAPLANE_CAPTURE_CAPTURE_WRITER_H_
#define VEDETTE_TESTS_DATAPLANE_CAPTURE_CAPTURE_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace vedette {

enum class ByteOrder { kLittle, kBig };

class OrderedBytes {
 public:
  explicit OrderedBytes(ByteOrder order = ByteOrder::kLittle) : order_(order) {}
  OrderedBytes& U8(uint64_t value) { return Put(value, 1); }
  OrderedBytes& U16(uint64_t value) { return Put(value, 2); }
  OrderedBytes& U32(uint64_t value) { return Put(value, 4); }
  OrderedBytes& U64(uint64_t value) { return Put(value, 8); }
  OrderedBytes& Text(const std::string& bytes) {
    text_ += bytes;
    return *this;
  }
  OrderedBytes& PadTo4() {
    while (text_.size() % 4 != 0) text_ += '\0';
    return *this;
  }
  const std::string& text() const { return text_; }
  size_t size() const { return text_.size(); }
  ByteOrder order() const { return order_; }

 private:
  OrderedBytes& Put(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      const int shift = 8 * (order_ == ByteOrder::kLittle ? i : bytes - 1 - i);
      text_ += static_cast<char>(value >> shift & 0xff);
    }
    return *this;
  }

  ByteOrder order_;
  std::string text_;
};

struct PcapHeader {
  ByteOrder order = ByteOrder::kLittle;
  uint32_t magic = 0xa1b2c3d4;
  uint16_t major = 2, minor = 4;
  uint32_t snap_length = 65'535;
  uint32_t link = 1;
};

class PcapWriter {
 public:
  explicit PcapWriter(const PcapHeader& header = {}) : bytes_(header.order) {
    bytes_.U32(header.magic).U16(header.major).U16(header.minor).U32(0).U32(0);
    bytes_.U32(header.snap_length).U32(header.link);
  }
  // `captured` and `wire`: what the record claims; by default the truth.
  PcapWriter& Record(uint64_t second, uint64_t fraction, const std::string& packet,
                     std::optional<uint32_t> wire = {}, std::optional<uint32_t> captured = {}) {
    const auto size = static_cast<uint32_t>(packet.size());
    bytes_.U32(second).U32(fraction).U32(captured.value_or(size)).U32(wire.value_or(size));
    bytes_.Text(packet);
    return *this;
  }
  PcapWriter& Raw(const std::string& bytes) {
    bytes_.Text(bytes);
    return *this;
  }
  const std::string& file() const { return bytes_.text(); }

 private:
  OrderedBytes bytes_;
};

class PcapngWriter {
 public:
  explicit PcapngWriter(ByteOrder order = ByteOrder::kLittle) : order_(order) {}

  // Begins a section; later blocks are in its byte order. `length`: of the whole section.
  PcapngWriter& Section(ByteOrder order, uint64_t length = ~uint64_t{0}, uint16_t major = 1) {
    order_ = order;
    return Block(0x0a0d0d0a, Bytes().U32(0x1a2b3c4d).U16(major).U16(0).U64(length));
  }
  PcapngWriter& Section() { return Section(order_); }
  PcapngWriter& Interface(uint16_t link, uint32_t snap_length = 0,
                          const OrderedBytes& options = OrderedBytes()) {
    return Block(1, Bytes().U16(link).U16(0).U32(snap_length).Text(options.text()));
  }
  PcapngWriter& Enhanced(uint32_t interface, uint64_t time, const std::string& packet,
                         std::optional<uint32_t> wire = {}, std::optional<uint32_t> captured = {}) {
    const auto size = static_cast<uint32_t>(packet.size());
    return Block(6, Bytes()
                        .U32(interface)
                        .U32(time >> 32)
                        .U32(time & 0xffffffff)
                        .U32(captured.value_or(size))
                        .U32(wire.value_or(size))
                        .Text(packet)
                        .PadTo4());
  }
  PcapngWriter& Obsolete(uint16_t interface, uint16_t drops, uint64_t time,
                         const std::string& packet) {
    return Block(2, Bytes()
                        .U16(interface)
                        .U16(drops)
                        .U32(time >> 32)
                        .U32(time & 0xffffffff)
                        .U32(packet.size())
                        .U32(packet.size())
                        .Text(packet)
                        .PadTo4());
  }
  PcapngWriter& Simple(const std::string& packet, std::optional<uint32_t> wire = {}) {
    return Block(
        3, Bytes().U32(wire.value_or(static_cast<uint32_t>(packet.size()))).Text(packet).PadTo4());
  }
  PcapngWriter& Block(uint32_t type, const OrderedBytes& body) {
    const auto length = static_cast<uint32_t>(12 + body.size());
    return Raw(Bytes().U32(type).U32(length).Text(body.text()).U32(length).text());
  }
  PcapngWriter& Raw(const std::string& bytes) {
    file_ += bytes;
    return *this;
  }
  // An empty one in the section's byte order, for options and bodies.
  OrderedBytes Bytes() const { return OrderedBytes(order_); }
  const std::string& file() const { return file_; }

 private:
  ByteOrder order_;
  std::string file_;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_DATAPLANE_CAPTURE_CAPTURE_WRITER_H_
