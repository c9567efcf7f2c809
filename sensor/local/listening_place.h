// Where the local interface listens, and who may ask there: the file system decides at a socket of
// the system, a token at an address. Set-up, but for MayAsk and IsHost, which any thread may ask.
#ifndef VEDETTE_SENSOR_LOCAL_LISTENING_PLACE_H_
#define VEDETTE_SENSOR_LOCAL_LISTENING_PLACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sensor/local/local_config.h"

namespace vedette {

inline constexpr size_t kTokenBytesMin = 16;

struct ListeningPlace {
  enum class Kind : uint8_t { kOff, kUnix, kTcp };
  Kind kind = Kind::kOff;
  std::string address;  // 127.0.0.1, ::1
  uint16_t port = 0;
  bool loopback = false;
};

// "unix", "off", "127.0.0.1:9470", "[::1]:9470".
absl::StatusOr<ListeningPlace> ParseListeningPlace(const std::string& text);

absl::Status CheckSocketPath(const std::string& path);

// `configured`, else in the folder that the service manager made, else kDefaultSocket.
std::string SocketPathOf(const std::string& configured);

// A secret of at least kTokenBytesMin visible characters.
absl::StatusOr<std::string> ReadToken(const std::string& place);

// Compares in a time that tells nothing of where two tokens differ.
class TokenCheck {
 public:
  explicit TokenCheck(absl::string_view token);
  // The value of the header Authorization.
  bool Allows(absl::string_view authorization) const;

 private:
  std::array<unsigned char, 32> digest_{};
};

// The value of the header Host names this machine: a page that a browser was lured to has a name of
// its own, whatever address that name leads to.
class HostCheck {
 public:
  HostCheck(const ListeningPlace& place, const std::vector<std::string>& hosts);
  bool Allows(absl::string_view host) const;

 private:
  std::vector<std::string> names_;  // lower case, without the port
  uint16_t port_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_LISTENING_PLACE_H_
