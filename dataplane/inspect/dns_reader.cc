#include "dataplane/inspect/dns_reader.h"

namespace vedette {
namespace {

constexpr size_t kWireNameMax = 255;
// A name has at most 127 labels and needs no pointer without a label. More are a chain made to cost
// time: each record of a message could walk it again.
constexpr int kPointersMax = 127;

}  // namespace

void DnsReader::RunOut() {
  if (in_data_) {
    status_ = DecodeStatus::kDnsBadRecordLength;
  } else if (whole_) {
    status_ = DecodeStatus::kDnsTruncated;
  } else {
    cut_ = true;
  }
}

// Each pointer must lead to before the name or pointer it stands in. Behind one, the end of the
// record data is no bound any more: names may be shared with all that came before.
void DnsReader::TakeName(DnsName* name) {
  if (name != nullptr) name->length = name->labels = 0;
  size_t at = at_, bound = end_, limit = at_, wire_bytes = 1;
  int pointers = 0;
  while (ok()) {
    if (at >= bound) return RunOut();
    const uint8_t length = ByteAt(at);
    if (length >= 0xc0) {
      if (at + 1 >= bound) return RunOut();
      const size_t target = static_cast<size_t>(length & 0x3f) << 8 | ByteAt(at + 1);
      if (pointers == 0) at_ = at + 2;
      if (target > at) return Fail(DecodeStatus::kDnsPointerForward);
      if (target >= limit || ++pointers > kPointersMax) {
        return Fail(DecodeStatus::kDnsPointerLoop);
      }
      at = limit = target;
      bound = message_.size();
      continue;
    }
    if (length >= 0x40) return Fail(DecodeStatus::kDnsBadLabel);
    const size_t next = at + 1 + length;
    if (length == 0) {
      if (pointers == 0) at_ = next;
      return;
    }
    wire_bytes += length + 1U;
    if (wire_bytes > kWireNameMax) return Fail(DecodeStatus::kDnsNameTooLong);
    if (next > bound) return RunOut();
    if (name != nullptr) AppendLabel(at + 1, length, *name);
    at = next;
  }
}

void DnsReader::AppendLabel(size_t at, size_t bytes, DnsName& name) const {
  const auto append = [&name](char c) {
    if (name.length < name.text.size()) name.text[name.length++] = c;
  };
  if (name.labels++ != 0) append('.');
  for (size_t i = 0; i < bytes; ++i) {
    const auto c = static_cast<char>(ByteAt(at + i));
    append(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
  }
}

}  // namespace vedette
