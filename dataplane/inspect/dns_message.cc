#include "dataplane/inspect/dns_message.h"

#include <algorithm>

#include "dataplane/inspect/dns_reader.h"
#include "dataplane/inspect/dns_record_data.h"

namespace vedette {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr uint8_t kUpdate = 5;

void NoteAddress(const DnsName& owner, uint16_t type, Bytes data, DnsView& view) {
  IpAddress ip;
  const auto at = [data](size_t i) { return static_cast<uint8_t>(data[i]); };
  if (type == kDnsTypeA) {
    ip = IpAddress::V4(at(0), at(1), at(2), at(3));
  } else {
    for (size_t i = 0; i < ip.bytes.size(); ++i) ip.bytes[i] = at(i);
  }
  view.has_address = true;
  view.owner = owner;
  view.address = ip;
}

// An update deletes with records that have no data (RFC 2136, 2.5); class NONE and ANY say so too.
bool MayBeEmpty(const DnsView& view, uint16_t record_class) {
  return view.opcode == kUpdate || record_class == 254 || record_class == 255;
}

void ReadRecord(DnsReader& reader, bool is_answer, bool first, DnsView& view) {
  DnsName owner;
  const bool wanted = is_answer && !view.has_address;
  reader.TakeName(wanted ? &owner : nullptr);
  const uint16_t type = reader.Take16();
  const uint16_t record_class = reader.Take16();
  reader.Skip(4);  // time to live
  const uint16_t length = reader.Take16();
  reader.EnterData(length);
  if (!reader.ok()) return;
  if (is_answer && type != kDnsTypeOpt) {
    if (first) view.answer_type = type;
    view.answer_bytes += length;
  }
  DnsReader data = reader;
  if (length != 0 || !MayBeEmpty(view, record_class)) CheckDnsRecordData(type, reader);
  if (!reader.ok()) return;
  if (wanted && length != 0 && (type == kDnsTypeA || type == kDnsTypeAaaa)) {
    NoteAddress(owner, type, data.Take(length), view);
  }
  reader.LeaveData();
}

// True when the reserved bit is set, which hinders nothing else.
bool ReadHeader(DnsReader& reader, DnsView& view) {
  constexpr uint16_t kReservedBit = 0x0040;
  view.has_header = true;
  view.id = reader.Take16();
  const uint16_t flags = reader.Take16();
  view.is_response = (flags & 0x8000) != 0;
  view.opcode = flags >> 11 & 0x0f;
  view.response_code = flags & 0x0f;
  view.questions = reader.Take16();
  view.answers = reader.Take16();
  if (view.opcode > 6 || view.opcode == 3) reader.Fail(DecodeStatus::kDnsBadOpcode);
  return (flags & kReservedBit) != 0;
}

void ReadQuestions(DnsReader& reader, DnsView& view) {
  for (uint16_t i = 0; reader.ok() && i < view.questions; ++i) {
    reader.TakeName(i == 0 ? &view.question : nullptr);
    const uint16_t type = reader.Take16();
    reader.Take16();  // class
    if (i != 0 || !reader.ok()) continue;
    view.has_question = true;
    view.question_type = type;
  }
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
  DnsReader reader(message, whole);
  const bool reserved_bit = ReadHeader(reader, view);
  const uint32_t others = uint32_t{reader.Take16()};
  const uint32_t records = others + reader.Take16();
  // The shortest question has five bytes, the shortest record eleven.
  const uint64_t least = uint64_t{view.questions} * 5 + (uint64_t{view.answers} + records) * 11;
  if (whole && least > reader.left()) reader.Fail(DecodeStatus::kDnsBadCounts);
  ReadQuestions(reader, view);
  for (uint32_t i = 0; reader.ok() && i < view.answers; ++i) ReadRecord(reader, true, i == 0, view);
  for (uint32_t i = 0; reader.ok() && i < records; ++i) ReadRecord(reader, false, false, view);
  if (whole && reader.left() != 0) reader.Fail(DecodeStatus::kDnsTrailingData);
  if (reserved_bit) reader.Fail(DecodeStatus::kDnsReservedBit);
  view.status = reader.status();
}

}  // namespace vedette
