#include "sensor/config/local_settings.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sensor/export/secret_file.h"
#include "sensor/local/listening_place.h"

namespace vedette {
namespace {

constexpr size_t kHostsMax = 16, kHostBytesMax = 253;

bool IsHostName(const std::string& name) {
  return !name.empty() && name.size() <= kHostBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ||
                  c == '_';
         });
}

// Who checks may be somebody else than who runs: a file that only the sensor may read is no fault.
void CheckToken(Settings& settings, const LocalConfig& local) {
  if (local.token_file.empty()) {
    settings.Fault("token_file",
                   absl::StrCat("found none, needed with listen: ", local.listen,
                                ", where any user of the machine could ask: the path of a file "
                                "with a secret of ",
                                kTokenBytesMin, " characters or more"));
    return;
  }
  const absl::StatusOr<std::string> token = ReadToken(local.token_file);
  const bool credential =
      local.token_file[0] != '/' && token.status().code() == absl::StatusCode::kNotFound;
  if (token.ok() || credential || absl::IsUnavailable(token.status())) return;
  settings.Fault("token_file", std::string(token.status().message()));
}

void CheckHosts(Settings& settings, const LocalConfig& local) {
  const bool good = local.hosts.size() <= kHostsMax &&
                    std::all_of(local.hosts.begin(), local.hosts.end(), IsHostName);
  if (good) return;
  settings.Fault("hosts", absl::StrCat("allowed up to ", kHostsMax,
                                       " names such as sensor.example.org, without a port"));
}

}  // namespace

LocalConfig ReadLocal(Settings settings) {
  LocalConfig local;
  settings.Text("listen", local.listen);
  const absl::StatusOr<ListeningPlace> place = ParseListeningPlace(local.listen);
  if (!place.ok()) settings.Fault("listen", std::string(place.status().message()));
  settings.Text("socket", local.socket);
  if (!local.socket.empty()) {
    const absl::Status fits = CheckSocketPath(local.socket);
    if (!fits.ok()) settings.Fault("socket", std::string(fits.message()));
  }
  settings.Text("token_file", local.token_file);
  if (place.ok() && place->kind == ListeningPlace::Kind::kTcp) CheckToken(settings, local);
  settings.TextList("hosts", local.hosts);
  CheckHosts(settings, local);
  settings.Finish();
  return local;
}

}  // namespace vedette
