// DNS messages (RFC 1035), as far as detectors and names need them: first question, what the
// answers weigh, who claims which address. Every length is the sender's word: names at most 255
// bytes, compression pointers lead back only, so that no message takes more than one pass. Pure
// functions of bytes, worker cores, fuzz target.
#ifndef VEDETTE_DATAPLANE_INSPECT_DNS_MESSAGE_H_
#define VEDETTE_DATAPLANE_INSPECT_DNS_MESSAGE_H_

#include <array>
#include <cstdint>

#include "dataplane/capture/packet_source.h"
#include "dataplane/decode/addresses.h"
#include "dataplane/decode/decode_status.h"

namespace vedette {

// Lower case, dots between labels, no final dot; bytes of labels as they are: hostile.
struct DnsName {
  uint8_t length = 0;
  uint8_t labels = 0;
  std::array<char, 255> text{};
};

struct DnsView {
  // kOk, or the first thing that is wrong; what came before it is set.
  DecodeStatus status = DecodeStatus::kOk;
  bool has_header = false;
  bool has_question = false;
  uint16_t id = 0;
  bool is_response = false;
  uint8_t opcode = 0, response_code = 0;
  uint16_t questions = 0, answers = 0;  // as the header claims
  DnsName question;
  uint16_t question_type = 0;
  uint16_t answer_type = 0;   // of the first answer
  uint32_t answer_bytes = 0;  // sum of data lengths of the answer section
  // The first A or AAAA record of the answers: the name and address of its owner (mDNS).
  bool has_address = false;
  DnsName owner;
  IpAddress address;
};

// `whole`: false when our snap length or a segment border cut the message; running out of bytes is
// nobody's fault then.
void ParseDns(Bytes message, bool whole, DnsView& view) noexcept;

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_DNS_MESSAGE_H_
