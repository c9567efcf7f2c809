// Conversations as the detectors' tests need them: a whole TCP connection, a DNS question with its
// answer, a datagram. Times are microseconds, kStartUs on. Tests only.
#ifndef VEDETTE_TESTS_DETECTORS_CONVERSATIONS_H_
#define VEDETTE_TESTS_DETECTORS_CONVERSATIONS_H_

#include <algorithm>
#include <string>
#include <vector>

#include "tests/traffic.h"

namespace vedette {

inline constexpr uint64_t kStartUs = 1'700'000'000'000'000, kSecond = 1'000'000;

// One TCP connection, as both sides send it; times move on by a millisecond a packet.
class Connection {
 public:
  Connection(Traffic& traffic, std::string client, std::string server, uint16_t client_port,
             uint16_t server_port, uint64_t at_us)
      : traffic_(traffic),
        client_(std::move(client)),
        server_(std::move(server)),
        client_port_(client_port),
        server_port_(server_port),
        at_us_(at_us) {}

  Connection& Open() {
    Send(true, kSyn, "");
    ++client_next_;
    Send(false, kSyn | kAck, "");
    ++server_next_;
    Send(true, kAck, "");
    return *this;
  }
  Connection& Refused() {
    Send(true, kSyn, "");
    ++client_next_;
    Send(false, kRst | kAck, "");
    return *this;
  }
  Connection& Say(const std::string& text) { return Talk(true, text); }
  Connection& Answer(const std::string& text) { return Talk(false, text); }
  Connection& Close() {
    Send(true, kFin | kAck, "");
    ++client_next_;
    Send(false, kFin | kAck, "");
    ++server_next_;
    Send(true, kAck, "");
    return *this;
  }
  Connection& Wait(uint64_t us) {
    at_us_ += us;
    return *this;
  }
  Connection& Both(bool both) {  // false: the capture shows the client's packets alone
    both_ = both;
    return *this;
  }

 private:
  static constexpr uint8_t kFin = 1, kSyn = 2, kRst = 4, kPush = 8, kAck = 16;

  Connection& Talk(bool forward, const std::string& text) {
    constexpr size_t kSegmentBytes = 1'400;
    for (size_t at = 0; at < text.size(); at += kSegmentBytes) {
      const std::string part = text.substr(at, kSegmentBytes);
      Send(forward, kPush | kAck, part);
      (forward ? client_next_ : server_next_) += static_cast<uint32_t>(part.size());
    }
    Send(!forward, kAck, "");
    return *this;
  }
  void Send(bool forward, uint8_t flags, const std::string& text) {
    at_us_ += 1'000;
    if (!forward && !both_) return;
    PacketBuilder packet;
    packet.Ethernet(forward ? Mac(1) : Mac(2), forward ? Mac(2) : Mac(1))
        .Ip4(forward ? client_ : server_, forward ? server_ : client_)
        .IpId(static_cast<uint16_t>(at_us_ / 1'000))
        .Tcp(forward ? client_port_ : server_port_, forward ? server_port_ : client_port_, flags,
             forward ? client_next_ : server_next_, forward ? server_next_ : client_next_);
    if (!text.empty()) packet.Payload(text);
    traffic_.At(at_us_, packet.Build());
  }

  Traffic& traffic_;
  std::string client_, server_;
  uint16_t client_port_, server_port_;
  uint64_t at_us_;
  uint32_t client_next_ = 1'000, server_next_ = 50'000;
  bool both_ = true;
};

inline void Datagram(Traffic& traffic, uint64_t at_us, const std::string& from,
                     const std::string& to, uint16_t from_port, uint16_t to_port, size_t bytes) {
  traffic.At(at_us, PacketBuilder()
                        .Ethernet()
                        .Ip4(from, to)
                        .IpId(static_cast<uint16_t>(at_us / 1'000))
                        .Udp(from_port, to_port)
                        .Payload(bytes)
                        .Build());
}

// A question; `answer` the RDATA of one answer record of that type, empty: none came.
inline std::string DnsText(const std::string& name, uint16_t type, uint16_t id,
                           const std::string& answer) {
  const auto put16 = [](std::string& to, size_t value) {
    to.push_back(static_cast<char>(value >> 8 & 0xff));
    to.push_back(static_cast<char>(value & 0xff));
  };
  std::string text;
  put16(text, id);
  put16(text, answer.empty() ? 0x0100 : 0x8180);
  put16(text, 1);
  put16(text, answer.empty() ? 0 : 1);
  put16(text, 0);
  put16(text, 0);
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    text.push_back(static_cast<char>(end - begin));
    text.append(name, begin, end - begin);
    begin = end + 1;
  }
  text.push_back('\0');
  put16(text, type);
  put16(text, 1);
  if (answer.empty()) return text;
  put16(text, 0xc00c);
  put16(text, type);
  put16(text, 1);
  put16(text, 0);
  put16(text, 60);
  put16(text, answer.size());
  return text + answer;
}

inline void AskDns(Traffic& traffic, uint64_t at_us, const std::string& client,
                   const std::string& server, const std::string& name, uint16_t type,
                   const std::string& answer) {
  const auto id = static_cast<uint16_t>(at_us / 977);
  const auto port = static_cast<uint16_t>(20'000 + at_us / 1'013 % 40'000);
  traffic.At(at_us, PacketBuilder()
                        .Ethernet()
                        .Ip4(client, server)
                        .Udp(port, 53)
                        .Payload(DnsText(name, type, id, ""))
                        .Build());
  if (answer.empty()) return;
  traffic.At(at_us + 2'000, PacketBuilder()
                                .Ethernet(Mac(2), Mac(1))
                                .Ip4(server, client)
                                .Udp(53, port)
                                .Payload(DnsText(name, type, id, answer))
                                .Build());
}

// The alerts of that kind as they were told last.
inline std::vector<AlertEvent> AlertsOf(const Told& told, const std::string& kind) {
  std::vector<AlertEvent> closed;
  for (const AlertEvent& alert : told.alerts) {
    if (alert.kind == kind && alert.state == "close") closed.push_back(alert);
  }
  return closed;
}

// Repeatable noise.
class Noise {
 public:
  explicit Noise(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  uint64_t Below(uint64_t limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 11) % limit;
  }
  std::string Hex(size_t digits) {
    std::string text;
    for (size_t i = 0; i < digits; ++i) text.push_back("0123456789abcdef"[Below(16)]);
    return text;
  }

 private:
  uint64_t state_;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_DETECTORS_CONVERSATIONS_H_
