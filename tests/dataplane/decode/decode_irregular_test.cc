// Every name the decoder can give is given to a packet that deserves it; ordinary packets get none.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "dataplane/decode/decode.h"
#include "tests/dataplane/decode/sample_packets.h"

namespace vedette {
namespace {

std::string NameOf(DecodeStatus status) {
  const absl::string_view name = Describe(status).wire_name;
  return {name.data(), name.size()};
}

std::string Remarks(const DecodedPacket& out) {
  std::string text = NameOf(out.status);
  for (int i = 0; i < out.noted_count; ++i) text += " + " + NameOf(out.noted[i]);
  return text;
}

bool Gives(const DecodedPacket& out, DecodeStatus status) {
  const auto noted_end = out.noted.begin() + out.noted_count;
  return out.status == status || std::find(out.noted.begin(), noted_end, status) != noted_end;
}

DecodedPacket DecodePacket(const PacketBytes& bytes, LinkType link) {
  DecodedPacket out;
  Decode(ViewOf(bytes, 1, link), Checksums::kVerify, out);
  return out;
}

TEST(DecodeIrregular, EveryIrregularPacketIsNamed) {
  for (const IrregularPacket& packet : IrregularPackets()) {
    const DecodedPacket out = DecodePacket(packet.bytes, packet.link);
    EXPECT_TRUE(Gives(out, packet.expected))
        << "wanted " << NameOf(packet.expected) << ", got " << Remarks(out);
    const bool noted = Describe(packet.expected).klass == DecodeClass::kIrregular;
    EXPECT_EQ(noted, out.status != packet.expected) << NameOf(packet.expected);
  }
}

// Names that need more than one packet, the payload, or the capture's clock.
bool IsOthers(DecodeStatus status) {
  static const std::set<std::string> kSingle = {"capture.snap_length",    "capture.time_backwards",
                                                "capture.wire_length",    "frag.overlap",
                                                "frag.overlap_different", "frag.hole",
                                                "frag.end_conflict",      "tcp.overlap_different"};
  static const std::set<std::string> kDecodersLayers = {
      "link", "eth", "vlan", "mpls", "pppoe", "arp",  "ip",   "ip4",    "ip6",
      "frag", "tcp", "udp",  "icmp", "icmp6", "igmp", "sctp", "tunnel", "checksum"};
  const std::string name = NameOf(status);
  return kSingle.contains(name) || !kDecodersLayers.contains(name.substr(0, name.find('.')));
}

TEST(DecodeIrregular, EveryNameOfTheDecoderIsReached) {
  std::set<DecodeStatus> reached;
  for (const IrregularPacket& packet : IrregularPackets()) {
    const DecodedPacket out = DecodePacket(packet.bytes, packet.link);
    reached.insert(out.status);
    reached.insert(out.noted.begin(), out.noted.begin() + out.noted_count);
  }
  for (size_t i = 1; i < kDecodeStatusCount; ++i) {  // 0 is kOk
    const auto status = static_cast<DecodeStatus>(i);
    EXPECT_EQ(reached.contains(status), !IsOthers(status)) << NameOf(status);
  }
}

TEST(DecodeIrregular, ValidPacketsHaveNoRemark) {
  for (const SamplePacket& sample : ValidPackets()) {
    const DecodedPacket out = DecodePacket(sample.bytes, sample.link);
    EXPECT_EQ(Describe(out.status).klass, DecodeClass::kOk) << sample.name << ": " << Remarks(out);
    EXPECT_EQ(out.noted_count, 0) << sample.name << ": " << Remarks(out);
  }
}

TEST(DecodeIrregular, OrdinaryOddPacketsHaveNoRemark) {
  for (const SamplePacket& sample : OrdinaryOddPackets()) {
    const DecodedPacket out = DecodePacket(sample.bytes, sample.link);
    EXPECT_FALSE(IsIrregularity(out.status)) << sample.name << ": " << Remarks(out);
    EXPECT_EQ(out.noted_count, 0) << sample.name << ": " << Remarks(out);
  }
}

TEST(DecodeIrregular, WireNamesAreUniqueAndWellFormed) {
  std::set<std::string> names;
  for (size_t i = 0; i < kDecodeStatusCount; ++i) {
    const std::string name = NameOf(static_cast<DecodeStatus>(i));
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_."), std::string::npos)
        << name;
    const bool ours = name.starts_with("capture.");
    const bool cut_by_us = Describe(static_cast<DecodeStatus>(i)).klass == DecodeClass::kCutByUs;
    EXPECT_EQ(ours, cut_by_us) << name;
  }
}

TEST(DecodeIrregular, FurtherRemarksThanFitAreDropped) {
  DecodedPacket out;
  for (size_t i = 0; i < kDecodeStatusCount; ++i) out.Note(static_cast<DecodeStatus>(i));
  EXPECT_EQ(out.noted_count, kNotedMax);
  DecodedPacket twice;
  twice.Note(DecodeStatus::kTcpSynFin);
  twice.Note(DecodeStatus::kTcpSynFin);
  EXPECT_EQ(twice.noted_count, 1);
}

}  // namespace
}  // namespace vedette
