#include "sensor/config/service_config.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace vedette {
namespace {

// As useradd(8) takes them. Whether there is such a user is a matter of the machine.
bool IsUserName(absl::string_view name) {
  constexpr size_t kBytesMax = 32;
  const auto may_begin = [](char c) { return absl::ascii_islower(c) || c == '_'; };
  return name.size() <= kBytesMax && may_begin(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return may_begin(c) || absl::ascii_isdigit(c) || c == '-' || c == '.';
         });
}

}  // namespace

ServiceConfig ServiceConfig::Read(Settings settings) {
  static constexpr absl::string_view kSandboxes[] = {"full", "off"};
  ServiceConfig service;
  settings.Text("user", service.user);
  if (!service.user.empty() && !IsUserName(service.user)) {
    settings.Fault("user",
                   "allowed the name of a user, such as vedette, or \"\" to stay who starts");
  }
  settings.Choice("sandbox", kSandboxes, service.sandbox);
  settings.Finish();
  return service;
}

}  // namespace vedette
