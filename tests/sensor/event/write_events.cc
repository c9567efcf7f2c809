// Writes the events of some replays, through the whole engine and the file export, to the folder
// named: what scripts/validate_events is tried on. One file a replay, all topics in it.
#include <cstdio>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "sensor/export/file_export.h"
#include "tests/traffic.h"

namespace vedette {
namespace {

constexpr uint64_t kStart = 1'700'000'000'000'000;

PacketBuilder From(const std::string& source, const std::string& target) {
  return PacketBuilder()
      .Ethernet(Mac(static_cast<uint8_t>(source.back())), Mac(200))
      .Ip4(source, target);
}

void AddConversation(Traffic& traffic, uint64_t at_us, const std::string& client,
                     const std::string& server, uint16_t port, const std::string& text) {
  const auto send = [&](bool forward, uint8_t flags, const std::string& payload) {
    at_us += 1'000;
    traffic.At(at_us, forward ? From(client, server).Tcp(port, 80, flags).Payload(payload).Build()
                              : From(server, client).Tcp(80, port, flags).Payload(payload).Build());
  };
  send(true, kTcpSyn, "");
  send(false, kTcpSyn | kTcpAck, "");
  send(true, kTcpAck, "");
  send(true, kTcpAck | kTcpPsh, text);
  send(false, kTcpAck, "HTTP/1.1 200 OK\r\n\r\n");
  send(true, kTcpFin | kTcpAck, "");
  send(false, kTcpFin | kTcpAck, "");
}

// Ordinary: conversations, DNS, names, IPv6, tags and tunnels.
Traffic Ordinary() {
  Traffic traffic;
  for (uint16_t i = 0; i < 30; ++i) {
    const std::string client = absl::StrCat("10.0.0.", 1 + i % 9);
    AddConversation(traffic, kStart + i * 700'000ULL, client, absl::StrCat("192.0.2.", 1 + i % 25),
                    static_cast<uint16_t>(40'000 + i), "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    traffic.At(kStart + i * 700'000ULL, PacketBuilder()
                                            .Ethernet()
                                            .Vlan(7)
                                            .Vlan(8)
                                            .Ip6("fd00::1", "2001:db8::2")
                                            .Udp(5'000, 9'000)
                                            .Payload(40)
                                            .Build());
    traffic.At(kStart + i * 700'000ULL + 5, From(client, "10.0.0.99").Icmp(8, 0, 1, i).Build());
    traffic.At(kStart + i * 700'000ULL + 9, PacketBuilder()
                                                .Ethernet()
                                                .Ip4("10.9.0.1", "10.9.0.2")
                                                .Gre()
                                                .Ip4("172.16.0.1", "172.16.0.2")
                                                .Udp(1'000, 2'000)
                                                .Payload(10)
                                                .Build());
    traffic.At(kStart + i * 700'000ULL + 11,
               PacketBuilder().Ethernet().Arp(1, Mac(3), "10.0.0.3", Mac(0), "10.0.0.4").Build());
  }
  return traffic;
}

// Floods, a scan, damage: alerts.
Traffic Attacks() {
  Traffic traffic = Ordinary();
  std::mt19937 random(1);
  for (uint32_t i = 0; i < 6'000; ++i) {
    const uint64_t at_us = kStart + 3'000'000 + i * 500ULL;
    const std::string source = absl::StrCat("198.51.", random() % 100, ".", 1 + random() % 250);
    traffic.At(at_us, From(source, "10.0.0.1")
                          .Tcp(static_cast<uint16_t>(1'024 + random() % 60'000), 80, kTcpSyn)
                          .Build());
    if (i < 3'000) {
      traffic.At(
          at_us + 1,
          From("10.0.0.66", "10.0.0.2").Tcp(50'000, static_cast<uint16_t>(1 + i), kTcpSyn).Build());
    }
    if (i % 100 == 0) {  // an Internet header length of 3
      traffic.At(at_us + 2, From("10.0.0.7", "192.0.2.7").Set8(0, 0x43).Udp(1, 2).Build());
    }
  }
  return traffic;
}

// Bytes without sense, at times near both ends of what a capture can say.
Traffic Noise(uint64_t start_us) {
  Traffic traffic;
  std::mt19937 random(2);
  for (uint32_t i = 0; i < 3'000; ++i) {
    PacketBytes bytes = From(absl::StrCat("10.0.0.", 1 + i % 50), "192.0.2.7")
                            .Udp(5'353, 5'353)
                            .Payload(60)
                            .Build();
    for (uint32_t flips = random() % 8; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    traffic.At(start_us + i * 3'000ULL, std::move(bytes));
  }
  return traffic;
}

bool Write(const std::string& path, const Traffic& traffic) {
  auto files = EventFiles::Open({.alerts = path, .devices = path, .flows = path, .health = path});
  if (!files.ok()) {
    std::fprintf(stderr, "%s\n", std::string(files.status().message()).c_str());
    return false;
  }
  const Told told = Replayed(traffic);
  for (const AlertEvent& event : told.alerts) (*files)->Write(event);
  for (const DeviceEvent& event : told.devices) (*files)->Write(event);
  for (const FlowEvent& event : told.flows) (*files)->Write(event);
  for (const HealthEvent& event : told.healths) (*files)->Write(event);
  std::printf("%s: %zu alerts, %zu devices, %zu flows, %zu health\n", path.c_str(),
              told.alerts.size(), told.devices.size(), told.flows.size(), told.healths.size());
  const bool all = !told.devices.empty() && !told.flows.empty() && !told.healths.empty();
  return (*files)->Finish().ok() && all;
}

}  // namespace
}  // namespace vedette

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  bool good = vedette::Write(folder + "/ordinary.ndjson", vedette::Ordinary());
  good &= vedette::Write(folder + "/attacks.ndjson", vedette::Attacks());
  good &= vedette::Write(folder + "/noise_1970.ndjson", vedette::Noise(0));
  good &= vedette::Write(folder + "/noise_2106.ndjson", vedette::Noise(4'294'967'290'000'000));
  return good ? 0 : 1;
}
