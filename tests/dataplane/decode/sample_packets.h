// Packets the decoder's tests share: one valid packet for every protocol and encapsulation, and at
// least one irregular packet for every name the decoder gives. Built at run time, used by the field
// tests, the prefix ladder, the fuzz target's seeds and the benchmark. Test threads only.
#ifndef VEDETTE_TESTS_DATAPLANE_DECODE_SAMPLE_PACKETS_H_
#define VEDETTE_TESTS_DATAPLANE_DECODE_SAMPLE_PACKETS_H_

#include <string>
#include <vector>

#include "dataplane/decode/decode_status.h"
#include "tests/packet_builder.h"

namespace vedette {

struct SamplePacket {
  std::string name;
  LinkType link = LinkType::kEthernet;
  PacketBytes bytes;
};

struct IrregularPacket {
  DecodeStatus expected = DecodeStatus::kOk;
  LinkType link = LinkType::kEthernet;
  PacketBytes bytes;
};

// Decode to the end without a remark, and no shorter prefix of any of them does.
std::vector<SamplePacket> ValidPackets();

// Ordinary traffic that looks odd: decodes without a remark, too.
std::vector<SamplePacket> OrdinaryOddPackets();

std::vector<IrregularPacket> IrregularPackets();

}  // namespace vedette
#endif  // VEDETTE_TESTS_DATAPLANE_DECODE_SAMPLE_PACKETS_H_
