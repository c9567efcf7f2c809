#include "dataplane/inspect/dns_message.h"

#include <algorithm>

namespace vedette {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kWireNameMax = 255;
constexpr uint16_t kTypeA = 1, kTypeAaaa = 28, kTypeOpt = 41;

class Reader {
 public:
  Reader(Bytes message, bool whole) : message_(message), whole_(whole) {}

  bool ok() const { return status_ == DecodeStatus::kOk && !cut_; }
  DecodeStatus status() const { return status_; }
  size_t left() const { return message_.size() - at_; }
  void Fail(DecodeStatus status) {
    if (ok()) status_ = status;
  }

  uint8_t Take8() { return Has(1) ? ByteAt(at_++) : uint8_t{0}; }
  uint16_t Take16() {
    const uint8_t high = Take8();
    return static_cast<uint16_t>(high << 8 | Take8());
  }
  void Skip(size_t bytes) {
    if (Has(bytes)) at_ += bytes;
  }
  Bytes Take(size_t bytes) {
    if (!Has(bytes)) return {};
    at_ += bytes;
    return message_.subspan(at_ - bytes, bytes);
  }
  void TakeName(DnsName* name);

 private:
  bool Has(size_t bytes) {
    if (!ok()) return false;
    if (left() >= bytes) return true;
    if (whole_) {
      status_ = DecodeStatus::kDnsTruncated;
    } else {
      cut_ = true;
    }
    return false;
  }
  uint8_t ByteAt(size_t at) const { return static_cast<uint8_t>(message_[at]); }
  static void Append(DnsName* name, char c) {
    if (name != nullptr && name->length < name->text.size()) name->text[name->length++] = c;
  }

  Bytes message_;
  bool whole_;
  bool cut_ = false;
  size_t at_ = 0;
  DecodeStatus status_ = DecodeStatus::kOk;
};

// Each pointer must lead to before the name or pointer it stands in, so there are fewer jumps than
// bytes; the length limit ends the rest.
void Reader::TakeName(DnsName* name) {
  if (name != nullptr) name->length = name->labels = 0;
  size_t at = at_, wire_bytes = 1, limit = at_;
  bool jumped = false;
  while (ok()) {
    if (at >= message_.size()) {
      at_ = message_.size();
      Has(1);
      return;
    }
    const uint8_t length = ByteAt(at);
    if (length == 0) {
      if (!jumped) at_ = at + 1;
      return;
    }
    if (length >= 0xc0) {
      if (at + 1 >= message_.size()) {
        at_ = message_.size();
        Has(1);
        return;
      }
      const size_t target = static_cast<size_t>(length & 0x3f) << 8 | ByteAt(at + 1);
      if (!jumped) at_ = at + 2;
      if (target >= limit) {
        Fail(target >= message_.size() || target > at ? DecodeStatus::kDnsPointerForward
                                                      : DecodeStatus::kDnsPointerLoop);
        return;
      }
      jumped = true;
      at = limit = target;
      continue;
    }
    if (length >= 0x40) return Fail(DecodeStatus::kDnsBadLabel);
    wire_bytes += length + 1U;
    if (wire_bytes > kWireNameMax) return Fail(DecodeStatus::kDnsNameTooLong);
    if (at + 1 + length > message_.size()) {
      at_ = message_.size();
      Has(1);
      return;
    }
    if (name != nullptr) {
      if (name->labels++ != 0) Append(name, '.');
      for (size_t i = 0; i < length; ++i) {
        const auto c = static_cast<char>(ByteAt(at + 1 + i));
        Append(name, c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
      }
    }
    at += length + 1U;
  }
}

void NoteAddress(const DnsName& owner, uint16_t type, Bytes data, DnsView& view) {
  if (view.has_address) return;
  IpAddress ip;
  if (type == kTypeA && data.size() == 4) {
    const auto at = [data](size_t i) { return static_cast<uint8_t>(data[i]); };
    ip = IpAddress::V4(at(0), at(1), at(2), at(3));
  } else if (type == kTypeAaaa && data.size() == 16) {
    std::transform(data.begin(), data.end(), ip.bytes.begin(),
                   [](std::byte b) { return static_cast<uint8_t>(b); });
  } else {
    return;
  }
  view.has_address = true;
  view.owner = owner;
  view.address = ip;
}

void ReadRecord(Reader& reader, bool is_answer, bool first, DnsView& view) {
  DnsName owner;
  reader.TakeName(is_answer && !view.has_address ? &owner : nullptr);
  const uint16_t type = reader.Take16();
  reader.Take16();  // class
  reader.Skip(4);   // time to live
  const uint16_t length = reader.Take16();
  const Bytes data = reader.Take(length);
  if (!reader.ok()) return;
  const bool bad_address = (type == kTypeA && length != 4 && length != 0) ||
                           (type == kTypeAaaa && length != 16 && length != 0);
  if (bad_address) reader.Fail(DecodeStatus::kDnsBadRecordLength);
  if (!is_answer || type == kTypeOpt) return;
  if (first) view.answer_type = type;
  view.answer_bytes += length;
  NoteAddress(owner, type, data, view);
}

}  // namespace

void ParseDns(Bytes message, bool whole, DnsView& view) noexcept {
  view.status = DecodeStatus::kOk;
  view.has_header = view.has_question = view.has_address = false;
  view.question.length = view.question.labels = 0;
  view.question_type = view.answer_type = 0;
  view.answer_bytes = 0;
  if (message.size() < kHeaderBytes) {
    if (whole) view.status = DecodeStatus::kDnsTruncatedHeader;
    return;
  }
  Reader reader(message, whole);
  view.has_header = true;
  view.id = reader.Take16();
  const uint16_t flags = reader.Take16();
  view.is_response = (flags & 0x8000) != 0;
  view.opcode = flags >> 11 & 0x0f;
  view.response_code = flags & 0x0f;
  view.questions = reader.Take16();
  view.answers = reader.Take16();
  const uint32_t others = uint32_t{reader.Take16()};
  const uint32_t records = others + reader.Take16();
  if (view.opcode > 6 || view.opcode == 3) reader.Fail(DecodeStatus::kDnsBadOpcode);
  // The shortest question has five bytes, the shortest record eleven.
  const uint64_t least = uint64_t{view.questions} * 5 + (uint64_t{view.answers} + records) * 11;
  if (whole && least > reader.left()) reader.Fail(DecodeStatus::kDnsBadCounts);
  for (uint16_t i = 0; reader.ok() && i < view.questions; ++i) {
    reader.TakeName(i == 0 ? &view.question : nullptr);
    const uint16_t type = reader.Take16();
    reader.Take16();  // class
    if (i == 0 && reader.ok()) {
      view.has_question = true;
      view.question_type = type;
    }
  }
  for (uint32_t i = 0; reader.ok() && i < view.answers; ++i) ReadRecord(reader, true, i == 0, view);
  for (uint32_t i = 0; reader.ok() && i < records; ++i) ReadRecord(reader, false, false, view);
  view.status = reader.status();
}

}  // namespace vedette
