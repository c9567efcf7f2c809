// The prefix ladder: every packet cut at every byte, once by the sender and once by our snap
// length. The two must never be taken for each other. Bytes lie in heap blocks of exactly their
// size, so that the address sanitizer sees a read of even one byte too many.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "dataplane/decode/decode.h"
#include "tests/dataplane/decode/sample_packets.h"

namespace vedette {
namespace {

std::string NameOf(DecodeStatus status) {
  const absl::string_view name = Describe(status).wire_name;
  return {name.data(), name.size()};
}

DecodedPacket DecodePrefix(const SamplePacket& sample, size_t captured, size_t wire) {
  const PacketBytes prefix(sample.bytes.begin(),
                           sample.bytes.begin() + static_cast<ptrdiff_t>(captured));
  PacketView view = ViewOf(prefix, 1, sample.link);
  view.wire_length = static_cast<uint32_t>(wire);
  DecodedPacket out;
  Decode(view, Checksums::kVerify, out);
  EXPECT_LE(out.payload.size(), captured);
  EXPECT_LE(out.ip_bytes.size(), captured);
  return out;
}

// A pseudowire does not say what it carries: less than an Ethernet header is not taken for one.
bool IsGuessedPseudowire(const SamplePacket& sample, const DecodedPacket& out) {
  return sample.name == "mpls_pseudowire" && out.status == DecodeStatus::kUnknownTunnelPayload;
}

TEST(DecodePrefix, WhatTheSenderCutIsMalformed) {
  for (const SamplePacket& sample : ValidPackets()) {
    for (size_t bytes = 0; bytes < sample.bytes.size(); ++bytes) {
      const DecodedPacket out = DecodePrefix(sample, bytes, bytes);
      if (IsGuessedPseudowire(sample, out)) continue;
      EXPECT_EQ(Describe(out.status).klass, DecodeClass::kMalformed)
          << sample.name << " of " << bytes << " bytes: " << NameOf(out.status);
      EXPECT_FALSE(out.snap_cut);
    }
  }
}

TEST(DecodePrefix, WhatWeCutIsNobodysFault) {
  for (const SamplePacket& sample : ValidPackets()) {
    for (size_t bytes = 0; bytes < sample.bytes.size(); ++bytes) {
      const DecodedPacket out = DecodePrefix(sample, bytes, sample.bytes.size());
      EXPECT_FALSE(IsIrregularity(out.status))
          << sample.name << " of " << bytes << " bytes: " << NameOf(out.status);
      EXPECT_EQ(out.noted_count, 0)
          << sample.name << " of " << bytes << " bytes: " << NameOf(out.noted[0]);
      EXPECT_TRUE(out.snap_cut);
    }
  }
}

// Cut by our snap length, an irregular packet may lose its remark but gets no other fault.
TEST(DecodePrefix, SnapLengthNeverAddsAFault) {
  for (const IrregularPacket& packet : IrregularPackets()) {
    const SamplePacket sample{"", packet.link, packet.bytes};
    const size_t size = sample.bytes.size();
    const DecodedPacket whole = DecodePrefix(sample, size, size);
    for (size_t bytes = 0; bytes < size; ++bytes) {
      const DecodedPacket out = DecodePrefix(sample, bytes, size);
      if (!IsMalformed(out.status)) continue;
      EXPECT_EQ(out.status, whole.status) << NameOf(packet.expected) << " of " << bytes;
    }
  }
}

// Without the address sanitizer, too: what lies behind the captured bytes makes no difference.
TEST(DecodePrefix, BytesBehindTheSnapLengthAreNotRead) {
  for (const SamplePacket& sample : ValidPackets()) {
    const size_t size = sample.bytes.size();
    for (size_t bytes = 0; bytes < size; ++bytes) {
      PacketBytes block(size + 64, std::byte{0xff});
      std::copy_n(sample.bytes.begin(), bytes, block.begin());
      DecodedPacket out;
      Decode({.bytes = Bytes(block).first(bytes),
              .wire_length = static_cast<uint32_t>(size),
              .link = sample.link},
             Checksums::kVerify, out);
      const DecodedPacket alone = DecodePrefix(sample, bytes, size);
      EXPECT_EQ(out.status, alone.status) << sample.name << " of " << bytes;
      EXPECT_EQ(out.noted_count, 0)
          << sample.name << " of " << bytes << " bytes: " << NameOf(out.noted[0]);
      EXPECT_EQ(out.payload.size(), alone.payload.size()) << sample.name << " of " << bytes;
    }
  }
}

TEST(DecodePrefix, NothingAtAll) {
  for (int link = 0; link <= static_cast<int>(LinkType::kUnsupported); ++link) {
    DecodedPacket out;
    Decode({.link = static_cast<LinkType>(link)}, Checksums::kVerify, out);
    EXPECT_NE(out.status, DecodeStatus::kOk) << "link type " << link;
    EXPECT_EQ(out.deepest <= Layer::kLink, true) << "link type " << link;
  }
}

}  // namespace
}  // namespace vedette
