// Reads a DNS message from front to back (RFC 1035, 4.1): integers, names with compression, and
// bounds set by a record's own length. Every length is the sender's word. Used by the parsers of
// messages and of record data; worker cores, allocates nothing.
#ifndef VEDETTE_DATAPLANE_INSPECT_DNS_READER_H_
#define VEDETTE_DATAPLANE_INSPECT_DNS_READER_H_

#include <cstddef>
#include <cstdint>

#include "dataplane/capture/packet_source.h"
#include "dataplane/decode/decode_status.h"
#include "dataplane/inspect/dns_message.h"

namespace vedette {

class DnsReader {
 public:
  // `whole`: false when running out of bytes is nobody's fault.
  DnsReader(Bytes message, bool whole) : message_(message), whole_(whole), end_(message.size()) {}

  // Nothing is wrong so far, and nothing was cut off.
  bool ok() const { return status_ == DecodeStatus::kOk && !cut_; }
  DecodeStatus status() const { return status_; }
  // Up to the end of the record data, or of the message.
  size_t left() const { return end_ - at_; }
  // The first failure counts.
  void Fail(DecodeStatus status) {
    if (ok()) status_ = status;
  }
  // 0 once something is wrong.
  uint8_t Take8() { return Has(1) ? ByteAt(at_++) : uint8_t{0}; }
  uint16_t Take16() {
    const uint8_t high = Take8();
    return static_cast<uint16_t>(high << 8 | Take8());
  }
  Bytes Take(size_t bytes) {
    if (!Has(bytes)) return {};
    at_ += bytes;
    return message_.subspan(at_ - bytes, bytes);
  }
  void Skip(size_t bytes) { Take(bytes); }
  // `name` may be null.
  void TakeName(DnsName* name);

  // Until LeaveData the next `bytes` are all there is: what runs past them does not fit the record.
  void EnterData(size_t bytes) {
    if (!Has(bytes)) return;
    end_ = at_ + bytes;
    in_data_ = true;
  }
  // Goes on behind the data, read to their end or not.
  void LeaveData() {
    if (in_data_) at_ = end_;
    end_ = message_.size();
    in_data_ = false;
  }

 private:
  bool Has(size_t bytes) {
    if (!ok()) return false;
    if (left() >= bytes) return true;
    RunOut();
    return false;
  }
  void RunOut();
  uint8_t ByteAt(size_t at) const { return static_cast<uint8_t>(message_[at]); }
  void AppendLabel(size_t at, size_t bytes, DnsName& name) const;

  Bytes message_;
  bool whole_;
  bool cut_ = false;
  bool in_data_ = false;
  size_t at_ = 0;
  size_t end_;
  DecodeStatus status_ = DecodeStatus::kOk;
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_INSPECT_DNS_READER_H_
