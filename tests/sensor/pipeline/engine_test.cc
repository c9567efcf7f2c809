#include "sensor/pipeline/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/traffic.h"

namespace vedette {
namespace {

using ::testing::Contains;
using ::testing::Not;

// The last digit makes the sum right (ISO/IEC 7812, annex B).
std::string CardNumber(int index) {
  std::string digits = "4111111" + std::to_string(11'000'000 + index * 7'919);
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const int digit = digits[digits.size() - 1 - i] - '0';
    const int doubled = 2 * digit;
    sum += i % 2 == 0 ? doubled / 10 + doubled % 10 : digit;
  }
  return digits + std::to_string((10 - sum % 10) % 10);
}

// A post of card numbers behind 400 bytes of something else.
Traffic CardsLeaving() {
  std::string body = "POST / HTTP/1.1\r\n\r\n" + std::string(400, 'x');
  for (int i = 0; i < 20; ++i) body += "\n" + CardNumber(i) + "\n";
  const auto out = [](uint8_t flags, uint32_t sequence, const std::string& payload) {
    return PacketBuilder()
        .Ethernet()
        .Ip4("10.0.0.5", "198.51.100.9")
        .Tcp(40'000, 80, flags, sequence, 5'001)
        .Payload(payload)
        .Build();
  };
  Traffic traffic;
  traffic.At(1'000'000, out(kTcpSyn, 1'000, ""))
      .At(1'010'000, PacketBuilder()
                         .Ethernet(Mac(2), Mac(1))
                         .Ip4("198.51.100.9", "10.0.0.5")
                         .Tcp(80, 40'000, kTcpSyn | kTcpAck, 5'000, 1'001)
                         .Build())
      .At(1'020'000, out(kTcpAck, 1'001, ""))
      .At(1'030'000, out(kTcpAck | kTcpPsh, 1'001, body));
  return traffic;
}

TEST(Engine, InspectionIsAsConfigured) {
  SensorConfig config;
  EXPECT_THAT(Replayed(CardsLeaving(), config).Opened(), Contains("exfil.sensitive_content"));
  config.inspector.stream_bytes = 100;
  EXPECT_THAT(Replayed(CardsLeaving(), config).Opened(), Not(Contains("exfil.sensitive_content")));
}

}  // namespace
}  // namespace vedette
