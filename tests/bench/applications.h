// What the conversations of the measured traffic say: TLS, HTTP, DNS and bytes that are nothing.
// Benchmarks only.
#ifndef VEDETTE_TESTS_BENCH_APPLICATIONS_H_
#define VEDETTE_TESTS_BENCH_APPLICATIONS_H_

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace vedette {

enum class Application : uint8_t { kTls, kHttp, kDns, kMedia, kOther };

// Of 256: TLS 60 %, HTTP 15 %, DNS 5 %, media over UDP 10 %, the rest TCP of no known kind.
Application ApplicationFor(uint64_t draw);
bool UsesTcp(Application application);
uint16_t PortOf(Application application);

// Spans are valid until the next call.
class Payloads {
 public:
  explicit Payloads(std::mt19937_64& random);
  // At most `room` bytes, for TCP all of them; `opens` for the client's first words.
  std::span<const uint8_t> Next(Application application, bool by_client, bool opens, size_t room);

 private:
  void Append(const std::string& text) { text_.insert(text_.end(), text.begin(), text.end()); }
  void Append16(size_t value);
  void FillTo(size_t bytes);
  void ClientHello(size_t bytes);
  void Http(bool by_client, bool opens, size_t bytes);
  void Dns(bool by_client, size_t bytes);
  std::string HostName();

  std::mt19937_64 random_;
  std::vector<uint8_t> pool_;
  std::vector<uint8_t> text_;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_BENCH_APPLICATIONS_H_
