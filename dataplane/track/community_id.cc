#include "dataplane/track/community_id.h"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

void AppendIp(const IpAddress& ip, std::string& out) {
  for (size_t i = ip.is_v4() ? 12 : 0; i < 16; ++i) out.push_back(static_cast<char>(ip.bytes[i]));
}
void AppendPort(uint16_t port, std::string& out) {
  out.push_back(static_cast<char>(port >> 8));
  out.push_back(static_cast<char>(port & 0xff));
}
bool CarriesPorts(uint8_t protocol) {
  switch (static_cast<IpProtocol>(protocol)) {
    case IpProtocol::kTcp:
    case IpProtocol::kUdp:
    case IpProtocol::kSctp:
    case IpProtocol::kIcmp:
    case IpProtocol::kIcmp6:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string CommunityId(const FlowKey& key) {
  std::string input(2, '\0');
  AppendIp(key.low_ip, input);
  AppendIp(key.high_ip, input);
  input.push_back(static_cast<char>(key.protocol));
  input.push_back('\0');
  if (CarriesPorts(key.protocol)) {
    AppendPort(key.low_port, input);
    AppendPort(key.high_port, input);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (EVP_Digest(input.data(), input.size(), digest.data(), &length, EVP_sha1(), nullptr) != 1) {
    return "";
  }
  return absl::StrCat("1:", absl::Base64Escape(absl::string_view(
                                reinterpret_cast<const char*>(digest.data()), length)));
}

IcmpPorts IcmpPortsOf(bool v6, uint8_t type, uint8_t code) noexcept {
  static constexpr std::pair<uint8_t, uint8_t> kAnswers4[] = {
      {8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}};
  static constexpr std::pair<uint8_t, uint8_t> kAnswers6[] = {{128, 129}, {133, 134}, {135, 136},
                                                              {130, 131}, {139, 140}, {144, 145}};
  const auto among = [&](const auto& answers) {
    for (const auto& [request, reply] : answers) {
      if (type == request) return IcmpPorts{request, reply};
      if (type == reply) return IcmpPorts{reply, request};
    }
    return IcmpPorts{type, code, true};
  };
  return v6 ? among(kAnswers6) : among(kAnswers4);
}

}  // namespace vedette
