#include "sensor/command/local_command.h"

#include <unistd.h>

#include <CLI/App.hpp>
#include <initializer_list>
#include <ostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "sensor/console/console_text.h"
#include "sensor/console/sensor_answers.h"
#include "sensor/local/listening_place.h"
#include "sensor/report/terminal_text.h"

namespace vedette {
namespace {

constexpr char kFooter[] =
    "Exit status: 0 answered; 1 no sensor answers; 2 wrong usage. Without --socket and --url it "
    "asks\n"
    "at /run/vedette/vedette.sock, which the sensor's user and root may.";

void DeclarePlace(CLI::App& app, LocalArguments& to) {
  CLI::Option* const socket =
      app.add_option("--socket", to.place.socket,
                     absl::StrCat("the sensor's socket [", kDefaultSocket, "]"))
          ->type_name("PATH")
          ->group("Sensor");
  app.add_option("--url", to.place.url, "http://ADDRESS:PORT of a sensor that listens there")
      ->type_name("URL")
      ->excludes(socket)
      ->group("Sensor");
  app.add_option("--token-file", to.place.token_file, "the file that holds the token; with --url")
      ->type_name("FILE")
      ->group("Sensor");
  app.add_flag("--json", to.json, "print the answer as the sensor gives it")->group("Output");
  app.footer(kFooter);
}

std::string Encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_') {
      out.push_back(c);
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::string TargetOf(const std::string& path,
                     std::initializer_list<std::pair<const char*, const std::string*>> parameters) {
  std::string target = path;
  char mark = '?';
  for (const auto& [name, value] : parameters) {
    if (value->empty()) continue;
    absl::StrAppend(&target, std::string(1, mark), name, "=", Encoded(*value));
    mark = '&';
  }
  return target;
}

// Asks, then prints what `text_of` makes of the answer.
template <typename TextOf>
int Ask(const LocalArguments& arguments, const std::string& target, const CommandContext& context,
        TextOf text_of) {
  const absl::StatusOr<std::string> answer = AskSensor(arguments.place, target);
  if (!answer.ok()) return FailLocal(answer.status(), context);
  if (arguments.json) {
    context.out << *answer << '\n';
    return static_cast<int>(ExitStatus::kDone);
  }
  const absl::StatusOr<std::string> text = text_of(*answer);
  if (!text.ok()) return FailLocal(text.status(), context);
  context.out << *text;
  return static_cast<int>(ExitStatus::kDone);
}

}  // namespace

void DeclareAlerts(CLI::App& app, LocalArguments& arguments) {
  const auto filter = [&app](const char* option, std::string& to, const char* what,
                             const char* type) {
    app.add_option(option, to, what)->type_name(type)->group("Which");
  };
  filter("--state", arguments.state, "open, closed or all [all]", "STATE");
  filter("--severity", arguments.severity, "low, medium, high or critical: this and worse",
         "SEVERITY");
  filter("--kind", arguments.kind, "such as dos.syn_flood, or dos for all of these", "KIND");
  filter("--device", arguments.device, "a device by its id, address, MAC or name", "DEVICE");
  filter("--limit", arguments.limit, "at most so many [100]", "N");
  DeclarePlace(app, arguments);
}

void DeclareDevices(CLI::App& app, LocalArguments& arguments) {
  app.add_option("--sort", arguments.sort,
                 "bytes, bytes_in, bytes_out, packets, egress, destinations, flows, alerts, last, "
                 "total_bytes or name [bytes]")
      ->type_name("BY")
      ->group("Which");
  app.add_option("--search", arguments.search, "only devices whose id, address or name holds this")
      ->type_name("TEXT")
      ->group("Which");
  app.add_option("--limit", arguments.limit, "at most so many [100]")
      ->type_name("N")
      ->group("Which");
  DeclarePlace(app, arguments);
}

void DeclareTop(CLI::App& app, LocalArguments& arguments) {
  app.add_option("--sort", arguments.sort,
                 "bytes, packets, egress, flows, destinations, alerts or name [bytes]")
      ->type_name("BY")
      ->group("Which");
  DeclarePlace(app, arguments);
}

int RunAlerts(const LocalArguments& arguments, const CommandContext& context) {
  const std::string target = TargetOf("/api/alerts", {{"state", &arguments.state},
                                                      {"severity", &arguments.severity},
                                                      {"kind", &arguments.kind},
                                                      {"device", &arguments.device},
                                                      {"limit", &arguments.limit}});
  return Ask(arguments, target, context,
             [](const std::string& answer) -> absl::StatusOr<std::string> {
               const absl::StatusOr<AlertList> list = ReadAlertList(answer);
               if (!list.ok()) return list.status();
               return AlertListText(*list, StyleOf(STDOUT_FILENO), absl::LocalTimeZone());
             });
}

int RunDevices(const LocalArguments& arguments, const CommandContext& context) {
  const std::string target = TargetOf(
      "/api/devices",
      {{"sort", &arguments.sort}, {"search", &arguments.search}, {"limit", &arguments.limit}});
  return Ask(arguments, target, context,
             [](const std::string& answer) -> absl::StatusOr<std::string> {
               const absl::StatusOr<DeviceList> list = ReadDeviceList(answer);
               if (!list.ok()) return list.status();
               return DeviceListText(*list, StyleOf(STDOUT_FILENO), absl::LocalTimeZone());
             });
}

int FailLocal(const absl::Status& status, const CommandContext& context) {
  context.err << "vedette: " << status.message() << '\n';
  return static_cast<int>(absl::IsInvalidArgument(status) ? ExitStatus::kUsage
                                                          : ExitStatus::kFailed);
}

}  // namespace vedette
