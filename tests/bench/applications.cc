#include "tests/bench/applications.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace vedette {

Application ApplicationFor(uint64_t draw) {
  if (draw < 154) return Application::kTls;
  if (draw < 192) return Application::kHttp;
  if (draw < 205) return Application::kDns;
  if (draw < 231) return Application::kMedia;
  return Application::kOther;
}

bool UsesTcp(Application application) {
  return application != Application::kDns && application != Application::kMedia;
}

uint16_t PortOf(Application application) {
  switch (application) {
    case Application::kTls:
      return 443;
    case Application::kHttp:
      return 80;
    case Application::kDns:
      return 53;
    case Application::kMedia:
      return 5004;
    case Application::kOther:
      break;
  }
  return 9100;
}

Payloads::Payloads(std::mt19937_64& random) : random_(random()), pool_(size_t{1} << 16) {
  for (uint8_t& byte : pool_) byte = static_cast<uint8_t>(random_());
}

std::span<const uint8_t> Payloads::Next(Application application, bool by_client, bool opens,
                                        size_t room) {
  text_.clear();
  if (application == Application::kTls && opens) {
    ClientHello(room);
  } else if (application == Application::kTls) {
    Append(std::string("\x17\x03\x03", 3));
    Append16(room - 5);
  } else if (application == Application::kHttp) {
    Http(by_client, opens, room);
  } else if (application == Application::kDns) {
    Dns(by_client, room);
    return text_;
  } else if (application == Application::kMedia) {
    Append(std::string("\x80\x60", 2));  // RTP
  }
  FillTo(room);
  return text_;
}

void Payloads::Append16(size_t value) {
  text_.push_back(static_cast<uint8_t>(value >> 8));
  text_.push_back(static_cast<uint8_t>(value));
}

void Payloads::FillTo(size_t bytes) {
  if (text_.size() > bytes) {
    text_.resize(bytes);
    return;
  }
  const size_t missing = bytes - text_.size();
  const auto begin = pool_.begin() + static_cast<ptrdiff_t>(random_() % (pool_.size() - bytes));
  text_.insert(text_.end(), begin, begin + static_cast<ptrdiff_t>(missing));
}

std::string Payloads::HostName() {
  return absl::StrCat("host-", random_() % 5'000, ".service.example");
}

// RFC 8446, 4.1.2: with a server name, padded (RFC 7685) to the size of a segment.
void Payloads::ClientHello(size_t bytes) {
  const std::string host = HostName();
  Append(std::string("\x16\x03\x01", 3));
  Append16(bytes - 5);
  Append(std::string("\x01\x00", 2));
  Append16(bytes - 9);
  Append(std::string("\x03\x03", 2));
  FillTo(text_.size() + 32);
  text_.push_back(0);  // no session
  Append16(4);
  Append(std::string("\x13\x01\x13\x02\x01\x00", 6));  // two ciphers, no compression
  Append16(bytes - text_.size() - 2);
  Append16(0);  // server_name
  Append16(host.size() + 5);
  Append16(host.size() + 3);
  text_.push_back(0);
  Append16(host.size());
  Append(host);
  Append16(21);  // padding
  Append16(bytes - text_.size() - 2);
  text_.resize(bytes);
}

void Payloads::Http(bool by_client, bool opens, size_t bytes) {
  if (opens) {
    Append(absl::StrCat("GET /item/", random_() % 100'000, " HTTP/1.1\r\nHost: ", HostName(),
                        "\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\nCookie: "));
    while (text_.size() + 4 < bytes) text_.push_back(static_cast<uint8_t>('a' + text_.size() % 26));
    Append("\r\n\r\n");
    return;
  }
  if (!by_client) Append("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
  while (text_.size() < bytes) {
    Append(absl::StrCat("reading ", random_() % 10'000, " of sensor ", random_() % 500,
                        " is ordinary; "));
  }
}

// A question, or its answer with as many addresses as fit.
void Payloads::Dns(bool by_client, size_t bytes) {
  constexpr size_t kRecordBytes = 16;
  const std::string name = absl::StrCat("h", random_() % 5'000);
  const size_t question = 12 + name.size() + 1 + 8 + 1 + 4;
  const size_t answers =
      by_client || bytes < question ? 0 : std::min<size_t>(30, (bytes - question) / kRecordBytes);
  Append16(random_() & 0xffff);
  Append16(by_client ? 0x0100 : 0x8180);
  Append16(1);
  Append16(answers);
  Append16(0);
  Append16(0);
  text_.push_back(static_cast<uint8_t>(name.size()));
  Append(name +
         "\x07"
         "example");
  text_.push_back(0);
  Append16(1);
  Append16(1);
  for (size_t i = 0; i < answers; ++i) {
    Append16(0xc00c);
    Append16(1);
    Append16(1);
    Append16(0);
    Append16(300);
    Append16(4);
    FillTo(text_.size() + 4);
  }
}

}  // namespace vedette
