// libFuzzer target for Decode(): any bytes, any link type, any snap length. First byte: link type;
// next two: how many bytes the wire had beyond the captured ones. Checks what must hold for every
// input; reads out of bounds are the sanitizers' to find.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/dataplane/decode/same_decoding.h"

namespace vedette {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

bool Inside(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void CheckBounds(const DecodedPacket& out, Bytes bytes) {
  Require(Inside(out.payload, bytes));
  Require(Inside(out.ip_bytes, bytes));
  Require(out.payload.size() <= out.payload_wire_length);
  Require(out.payload_wire_length <= out.wire_length);
  Require(out.ip_total_length <= out.wire_length);
  Require(out.vlan_count <= kVlansMax);
  Require(out.tunnel_count <= kTunnelsMax);
  Require(out.noted_count <= kNotedMax);
}

void CheckMeaning(const DecodedPacket& out) {
  for (int i = 0; i < out.noted_count; ++i) {
    Require(Describe(out.noted[i]).klass == DecodeClass::kIrregular);
  }
  Require(Describe(out.status).klass != DecodeClass::kIrregular);
  if (out.status == DecodeStatus::kSnapLength) Require(out.snap_cut);
  if (out.transport_checksum_checked) Require(!out.fragment.is_fragment || out.is_arp);
  if (out.transport_checksum_bad) Require(out.transport_checksum_checked);
}

// Skipping the checksums may change nothing but remarks about them.
void CheckSkipped(const PacketView& view, const DecodedPacket& verified) {
  DecodedPacket skipped;
  Decode(view, Checksums::kSkip, skipped);
  Require(skipped.status == verified.status);
  Require(skipped.deepest == verified.deepest);
  Require(skipped.payload.size() == verified.payload.size());
  Require(skipped.noted_count <= verified.noted_count);
  Require(!skipped.ip_checksum_checked && !skipped.transport_checksum_checked);
}

}  // namespace
}  // namespace vedette

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vedette;  // NOLINT: the entry point must lie outside
  constexpr size_t kPrefix = 3;
  if (size < kPrefix) return 0;
  // A block of exactly the packet's size, so that the sanitizer sees its end.
  std::vector<std::byte> bytes(size - kPrefix);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte{data[kPrefix + i]};
  const uint32_t cut = static_cast<uint32_t>(data[1] << 8 | data[2]);
  const PacketView view = {
      .bytes = bytes,
      .wire_length = static_cast<uint32_t>(bytes.size()) + cut,
      .link = static_cast<LinkType>(data[0] % (static_cast<int>(LinkType::kUnsupported) + 1))};
  DecodedPacket out;
  Decode(view, Checksums::kVerify, out);
  CheckBounds(out, bytes);
  CheckMeaning(out);
  CheckSkipped(view, out);
  for (const Checksums checksums : {Checksums::kVerify, Checksums::kSkip}) {
    Require(std::string(DifferenceToLayers(view, checksums)).empty());
  }
  return 0;
}
