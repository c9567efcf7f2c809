#include <memory>

#include "absl/strings/string_view.h"
#include "dataplane/inspect/app_protocol.h"
#include "dataplane/inspect/device_names.h"
#include "dataplane/inspect/dns_message.h"
#include "dataplane/inspect/server_name.h"
#include "tests/dataplane/inspect/inspected.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

// A block of exactly this size, so that the sanitizer sees its end.
std::vector<std::byte> Copy(FuzzInput input) {
  return {AsBytes(input).begin(), AsBytes(input).end()};
}

void CheckDns(FuzzInput input) {
  const std::vector<std::byte> message = Copy(input);
  auto whole = std::make_unique<DnsView>(), part = std::make_unique<DnsView>();
  ParseDns(message, true, *whole);
  ParseDns(message, false, *part);
  Require(part->status != DecodeStatus::kDnsTruncated);
  Require(part->status != DecodeStatus::kDnsTruncatedHeader);
  // Whoever is to blame for the end, what stands before it is the same.
  if (part->has_question && whole->has_question) {
    Require(part->question.length == whole->question.length);
    Require(part->question_type == whole->question_type);
  }
  if (whole->status == DecodeStatus::kOk) Require(part->status == DecodeStatus::kOk);
  Require(whole->answer_bytes <= input.size());
  ClaimedName name;
  if (NameOfMdns(*whole, whole->address, name)) Require(name.length <= name.text.size());
}

void CheckNames(FuzzInput input) {
  const std::vector<std::byte> message = Copy(input);
  ClaimedName name;
  MacAddress mac;
  const DecodeStatus cut = ParseDhcp(message, false, mac, name);
  Require(cut != DecodeStatus::kDhcpTruncated && cut != DecodeStatus::kDhcpBadOption);
  ParseDhcp(message, true, mac, name);
  Require(name.length <= name.text.size());
  if (NameOfNetbios(message, name)) Require(name.length >= 1 && name.length <= 15);
}

void CheckName(NameSearch (*find)(Bytes, ServerName&), FuzzInput input) {
  const std::vector<std::byte> bytes = Copy(input);
  ServerName whole;
  const NameSearch search = find(bytes, whole);
  if (search == NameSearch::kFound) {
    Require(whole.back() == '\0' || absl::string_view(whole.data(), 64).find('\0') < 64);
  }
  // What a prefix says for sure stays true: it is the rest that may come later.
  ServerName part;
  const NameSearch early = find(Copy(input.first(input.size() / 2)), part);
  if (early == NameSearch::kFound) Require(search == NameSearch::kFound);
  if (early == NameSearch::kNone) Require(search == NameSearch::kNone);
}

// A TCP connection or datagrams. Of each piece: one byte of side and flags, two of its place, one
// of its size.
void CheckInspector(FuzzInput input, uint16_t port, bool tcp) {
  Inspected inspected(port, tcp, {.streams = 2, .stream_bytes = 8'192, .server_names = 2});
  while (input.size() > 4) {
    const bool client = (input[0] & 1) != 0;
    const uint8_t flags = static_cast<uint8_t>(kTcpAck | ((input[0] & 2) != 0 ? kTcpFin : 0));
    const size_t at = size_t{input[1]} << 4 | input[2];
    const size_t size = std::min<size_t>(input[3], input.size() - 4);
    const std::string piece(reinterpret_cast<const char*>(input.data()) + 4, size);
    input = input.subspan(4 + size);
    if (!tcp) {
      inspected.Datagram(client, piece);
    } else if (client) {
      inspected.Client(at, piece, flags);
    } else {
      inspected.Server(at, piece, flags);
    }
  }
  inspected.EndFlow();
}

}  // namespace

void FuzzInspect(FuzzInput input) {
  if (input.empty()) return;
  const FuzzInput rest = input.subspan(1);
  switch (input[0] % 8) {
    case 0:
      return CheckDns(rest);
    case 1:
      return CheckNames(rest);
    case 2:
      return CheckName(ServerNameOfTls, rest);
    case 3:
      return CheckName(ServerNameOfHttp, rest);
    case 4:
      return CheckInspector(rest, 53, true);
    case 5:
      return CheckInspector(rest, 443, true);
    case 6:
      return CheckInspector(rest, 80, true);
    default:
      return CheckInspector(rest, 5353, false);
  }
}

}  // namespace vedette
