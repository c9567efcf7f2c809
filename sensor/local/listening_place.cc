#include "sensor/local/listening_place.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sensor/export/secret_file.h"

namespace vedette {
namespace {

constexpr size_t kSocketPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

// "name:port", "[::1]:port", either without the port: {name, port}, both as written.
std::pair<std::string, std::string> SplitHost(absl::string_view text) {
  if (absl::StartsWith(text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return {};
    const absl::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return {};
    return {std::string(text.substr(1, end - 1)),
            std::string(rest.empty() ? rest : rest.substr(1))};
  }
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::array<unsigned char, 32> DigestOf(absl::string_view text) {
  std::array<unsigned char, 32> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return digest;
}

}  // namespace

absl::StatusOr<ListeningPlace> ParseListeningPlace(const std::string& text) {
  ListeningPlace place;
  if (text == "off") return place;
  place.kind = ListeningPlace::Kind::kUnix;
  if (text == "unix") return place;
  place.kind = ListeningPlace::Kind::kTcp;
  auto [address, port] = SplitHost(text);
  uint32_t number = 0;
  const bool digits = !port.empty() && std::all_of(port.begin(), port.end(), absl::ascii_isdigit);
  in_addr ip4{};
  in6_addr ip6{};
  const bool is4 = inet_pton(AF_INET, address.c_str(), &ip4) == 1;
  const bool is6 = inet_pton(AF_INET6, address.c_str(), &ip6) == 1;
  if ((!is4 && !is6) || !digits || !absl::SimpleAtoi(port, &number) || number == 0 ||
      number > 65'535) {
    return absl::InvalidArgumentError(
        absl::StrCat("found '", text,
                     "', allowed unix, off, or an address and a port such as 127.0.0.1:9470 or "
                     "[::1]:9470"));
  }
  place.address = std::move(address);
  place.port = static_cast<uint16_t>(number);
  place.loopback = is4 ? (ntohl(ip4.s_addr) >> 24) == 127 : IN6_IS_ADDR_LOOPBACK(&ip6) != 0;
  return place;
}

absl::Status CheckSocketPath(const std::string& path) {
  if (absl::StartsWith(path, "/") && path.size() <= kSocketPathBytesMax &&
      path.find('\0') == std::string::npos) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "found '", path, "', allowed an absolute path of at most ", kSocketPathBytesMax, " bytes"));
}

std::string SocketPathOf(const std::string& configured) {
  if (!configured.empty()) return configured;
  const char* const folders = std::getenv("RUNTIME_DIRECTORY");
  if (folders == nullptr || *folders != '/') return kDefaultSocket;
  const std::vector<std::string> all = absl::StrSplit(folders, ':');
  return absl::StrCat(all.front(), "/vedette.sock");
}

absl::StatusOr<std::string> ReadToken(const std::string& place) {
  absl::StatusOr<std::string> token = ReadSecret(place);
  if (!token.ok()) return token;
  const bool visible = std::all_of(token->begin(), token->end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (visible && token->size() >= kTokenBytesMin) return token;
  return absl::InvalidArgumentError(
      absl::StrCat(place, ": found ", token->size(), " bytes, allowed one line of ", kTokenBytesMin,
                   " or more visible ASCII characters: openssl rand -hex 32"));
}

TokenCheck::TokenCheck(absl::string_view token) : digest_(DigestOf(token)) {}

bool TokenCheck::Allows(absl::string_view authorization) const {
  constexpr absl::string_view kScheme = "bearer ";
  const bool scheme = absl::StartsWithIgnoreCase(authorization, kScheme);
  const std::array<unsigned char, 32> given =
      DigestOf(scheme ? absl::StripAsciiWhitespace(authorization.substr(kScheme.size()))
                      : absl::string_view());
  return (CRYPTO_memcmp(given.data(), digest_.data(), digest_.size()) == 0) && scheme;
}

HostCheck::HostCheck(const ListeningPlace& place, const std::vector<std::string>& hosts)
    : port_(place.port) {
  names_.push_back(absl::AsciiStrToLower(place.address));
  if (place.loopback) names_.emplace_back("localhost");
  for (const std::string& host : hosts) names_.push_back(absl::AsciiStrToLower(host));
}

bool HostCheck::Allows(absl::string_view host) const {
  const auto [name, port] = SplitHost(host);
  if (!port.empty() && port != absl::StrCat(port_)) return false;
  const std::string lower = absl::AsciiStrToLower(name);
  return std::find(names_.begin(), names_.end(), lower) != names_.end();
}

}  // namespace vedette
