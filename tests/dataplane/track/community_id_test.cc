// Community ID v1 against the baseline its specification publishes
// (github.com/corelight/community-id-spec, baseline/baseline_deflt.json, and the README's
// examples), through the decoder's keys: breaks if other tools would know our flows by other names.
#include "dataplane/track/community_id.h"

#include <gtest/gtest.h>

#include "dataplane/track/packet_keys.h"
#include "tests/dataplane/track/tracked.h"

namespace vedette {
namespace {

std::string IdOf(const PacketBuilder& builder) {
  const PacketBytes bytes = builder.Build();
  DecodedPacket packet;
  PacketKeys keys;
  Decode(ViewOf(bytes), Checksums::kVerify, packet);
  KeysOf(packet, KeyedHash(kTestSecret), keys);
  EXPECT_TRUE(keys.has_flow);
  return CommunityId(keys.flow);
}

struct Reference {
  int protocol;
  const char *source, *target;
  int source_port, target_port;  // of ICMP: type, and code where nobody answers the type
  const char* id;
};
constexpr Reference kBaseline[] = {
    {58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 135, 0,
     "1:zavyT/cezQr1fmImYCwYnMXbgck="},
    {58, "3ffe:501:1800:2345::2", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
     "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="},
    {58, "3ffe:501:410:0:2c0:dfff:fe47:33e", "3ffe:507:0:1:200:86ff:fe05:80da", 1, 4,
     "1:hLZd0XGWojozrvxqE0dWB1iM6R0="},
    {58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 128, 0,
     "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
    {58, "3ffe:501:0:1001::2", "3ffe:507:0:1:200:86ff:fe05:80da", 129, 0,
     "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
    {58, "fe80::200:86ff:fe05:80da", "ff02::2", 133, 0, "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="},
    {58, "fe80::260:97ff:fe07:69ea", "ff02::1", 134, 0, "1:pkvHqCL88/tg1k4cPigmZXUtL00="},
    {1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "192.168.0.1", "192.168.0.89", 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "10.0.0.1", "10.0.0.2", 11, 0, "1:YHxtAirCG//0OzkcVAukqKQN9xM="},
    {6, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25,
     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {6, "2607:f8b0:400c:c03::1a", "2001:470:e5bf:dead:4957:2174:e82c:4887", 25, 63943,
     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {132, "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
    {132, "192.168.170.56", "192.168.170.8", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
    {6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {6, "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {17, "8.8.8.8", "192.168.1.52", 53, 54585, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {46, "10.1.12.1", "10.1.12.2", 0, 0, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
    {46, "10.1.12.2", "10.1.12.1", 0, 0, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
};

PacketBuilder PacketOf(const Reference& r) {
  PacketBuilder builder;
  builder.Ethernet();
  if (Ip(r.source).is_v4()) {
    builder.Ip4(r.source, r.target);
  } else {
    builder.Ip6(r.source, r.target);
  }
  const auto source = static_cast<uint16_t>(r.source_port);
  const auto target = static_cast<uint16_t>(r.target_port);
  const auto type = static_cast<uint8_t>(r.source_port), code = static_cast<uint8_t>(r.target_port);
  switch (r.protocol) {
    case 1:
      return builder.Icmp(type, code).Payload(28);
    case 58:
      return builder.Icmp6(type, code).Payload(48);
    case 6:
      return builder.Tcp(source, target);
    case 17:
      return builder.Udp(source, target).Payload(4);
    case 132:
      return builder.Sctp(source, target).SctpChunk(1, 0, {0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1});
    default:
      return builder.Protocol(static_cast<uint8_t>(r.protocol)).Payload(16);
  }
}

TEST(CommunityIdTest, BaselineOfTheSpecification) {
  for (const Reference& reference : kBaseline) {
    EXPECT_EQ(IdOf(PacketOf(reference)), reference.id)
        << reference.protocol << " " << reference.source << " " << reference.target;
  }
}

// Of a message that nobody answers the sender comes first, whichever address is smaller. SHA-1 over
// 0000 c0a80059 c0a80001 01 00 0003 0001, by sha1sum and base64.
TEST(CommunityIdTest, OneWayIcmpKeepsItsSenderFirst) {
  EXPECT_EQ(IdOf(PacketOf({1, "192.168.0.89", "192.168.0.1", 3, 1, ""})),
            "1:LXCfhMUFbYXe+CEMrQuZCbiLY3o=");
}

}  // namespace
}  // namespace vedette
