// Devices through the whole line: which rows become one device, which MAC is a router's, and the
// names devices give themselves. Breaks if a name does not arrive, a router's MAC swallows the
// hosts behind it, or a device is called otherwise than the events say.
#include <gtest/gtest.h>

#include "tests/traffic.h"

namespace vedette {
namespace {

constexpr uint64_t kStart = 1'000'000;
constexpr MacAddress kOwn = {{0x00, 0x1b, 0x21, 0, 0, 1}};  // globally administered
constexpr MacAddress kGateway = {{0x00, 0x1b, 0x21, 0, 0, 0xfe}};

PacketBuilder Datagram(MacAddress source, const std::string& from, const std::string& to,
                       uint16_t source_port = 5000, uint16_t target_port = 6000) {
  return PacketBuilder().Ethernet(source, kGateway).Ip4(from, to).Udp(source_port, target_port);
}

const DeviceEvent* DeviceOf(const Told& told, const std::string& ip) {
  const DeviceEvent* found = nullptr;
  for (const DeviceEvent& device : told.devices) {
    if (device.device_ip == ip) found = &device;
  }
  return found;
}

void Text(std::vector<uint8_t>& to, const std::string& text) {
  to.insert(to.end(), text.begin(), text.end());
}
void Label(std::vector<uint8_t>& to, const std::string& text) {
  to.push_back(static_cast<uint8_t>(text.size()));
  Text(to, text);
}

std::vector<uint8_t> DhcpRequest(const MacAddress& mac, const std::string& name) {
  std::vector<uint8_t> message(236);
  message[0] = message[1] = 1;
  message[2] = 6;
  std::copy(mac.bytes.begin(), mac.bytes.end(), message.begin() + 28);
  message.insert(message.end(), {99, 130, 83, 99, 53, 1, 3, 12});
  Label(message, name);
  message.push_back(255);
  return message;
}
std::vector<uint8_t> MdnsAnswer(const std::string& host, std::vector<uint8_t> ip) {
  std::vector<uint8_t> message = {0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0};
  Label(message, host);
  Label(message, "local");
  message.insert(message.end(), {0, 0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4});
  message.insert(message.end(), ip.begin(), ip.end());
  return message;
}
std::vector<uint8_t> NetbiosRegistration(std::string name) {
  std::vector<uint8_t> message = {0, 1, 0x29, 0x10, 0, 1, 0, 0, 0, 0, 0, 1, 32};
  name.resize(15, ' ');
  name.push_back('\0');
  for (const char c : name) {
    message.push_back(static_cast<uint8_t>('A' + (c >> 4 & 15)));
    message.push_back(static_cast<uint8_t>('A' + (c & 15)));
  }
  message.insert(message.end(), {0, 0, 0x20, 0, 1, 0xc0, 0x0c, 0,  0x20, 0, 1, 0,
                                 0, 0, 60,   0, 6, 0,    0,    10, 0,    0, 1});
  return message;
}

TEST(DeviceTest, IsNamedByItsOwnMac) {
  Traffic traffic;
  traffic.At(kStart, Datagram(kOwn, "10.0.0.1", "10.0.0.2").Build());
  const Told told = Replayed(traffic);
  ASSERT_NE(DeviceOf(told, "10.0.0.1"), nullptr);
  EXPECT_EQ(DeviceOf(told, "10.0.0.1")->device, "default/0/00:1b:21:00:00:01");
  EXPECT_EQ(DeviceOf(told, "10.0.0.1")->device_mac, "00:1b:21:00:00:01");
}

TEST(DeviceTest, MadeUpMacFallsBackToTheAddress) {
  Traffic traffic;
  traffic.At(kStart, Datagram(Mac(5), "10.0.0.1", "10.0.0.2").Build());
  EXPECT_EQ(DeviceOf(Replayed(traffic), "10.0.0.1")->device, "default/0/10.0.0.1");
}

// A MAC that sends for the outside is a router's: the home hosts behind it keep their addresses.
TEST(DeviceTest, RouterIsNotTheHostsBehindIt) {
  Traffic traffic;
  traffic.At(kStart, Datagram(kGateway, "198.51.100.1", "10.0.0.9").Build());
  for (int i = 1; i <= 3; ++i) {
    traffic.At(kStart + 1'000U * i,
               Datagram(kGateway, "10.1.0." + std::to_string(i), "10.0.0.9").Build());
  }
  const Told told = Replayed(traffic);
  for (int i = 1; i <= 3; ++i) {
    const std::string ip = "10.1.0." + std::to_string(i);
    ASSERT_NE(DeviceOf(told, ip), nullptr) << ip;
    EXPECT_EQ(DeviceOf(told, ip)->device, "default/0/" + ip);
  }
}

TEST(DeviceTest, NamesReachTheEvents) {
  const struct {
    const char* what;
    std::vector<uint8_t> message;
    const char* target;
    uint16_t source_port, target_port;
    const char* name;
  } kCases[] = {
      {"dhcp", DhcpRequest(kOwn, "camera-7"), "10.0.0.254", 68, 67, "camera-7"},
      {"mdns", MdnsAnswer("printer", {10, 0, 0, 1}), "224.0.0.251", 5353, 5353, "printer"},
      {"netbios", NetbiosRegistration("PLC-42"), "10.0.0.255", 137, 137, "PLC-42"},
  };
  for (const auto& c : kCases) {
    Traffic traffic;
    traffic.At(
        kStart,
        Datagram(kOwn, "10.0.0.1", c.target, c.source_port, c.target_port).Raw(c.message).Build());
    const Told told = Replayed(traffic);
    ASSERT_NE(DeviceOf(told, "10.0.0.1"), nullptr) << c.what;
    EXPECT_EQ(DeviceOf(told, "10.0.0.1")->device_name, c.name) << c.what;
  }
}

// Anyone may shout a name over mDNS; only its own address counts, and DHCP outranks it.
TEST(DeviceTest, NameOfAnotherIsNotBelieved) {
  Traffic traffic;
  traffic.At(kStart, Datagram(kOwn, "10.0.0.1", "224.0.0.251", 5353, 5353)
                         .Raw(MdnsAnswer("other", {10, 0, 0, 2}))
                         .Build());
  EXPECT_EQ(DeviceOf(Replayed(traffic), "10.0.0.1")->device_name, "");
  traffic.At(
      kStart + 5'000,
      Datagram(kOwn, "10.0.0.1", "10.0.0.254", 68, 67).Raw(DhcpRequest(kOwn, "leased")).Build());
  traffic.At(kStart + 9'000, Datagram(kOwn, "10.0.0.1", "224.0.0.251", 5353, 5353)
                                 .Raw(MdnsAnswer("shouted", {10, 0, 0, 1}))
                                 .Build());
  EXPECT_EQ(DeviceOf(Replayed(traffic), "10.0.0.1")->device_name, "leased");
}

}  // namespace
}  // namespace vedette
