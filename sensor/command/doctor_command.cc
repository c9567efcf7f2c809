#include "sensor/command/doctor_command.h"

#include <algorithm>
#include <ostream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "sensor/command/setting_options.h"
#include "sensor/doctor/examination.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

const char* TextOf(Health health) {
  switch (health) {
    case Health::kGood:
      return "good";
    case Health::kNote:
      return "note";
    case Health::kWrong:
      return "WRONG";
  }
  return "";
}

}  // namespace

int RunDoctor(const DoctorArguments& arguments, const CommandContext& context) {
  SensorConfig config;
  std::vector<std::string> faults;
  ApplySettings({arguments.config, {}, ""}, config, faults);
  if (!faults.empty()) {
    context.err << absl::StrJoin(faults, "\n") << '\n';
    return static_cast<int>(ExitStatus::kUsage);
  }
  if (!arguments.interfaces.empty()) config.capture.interfaces = arguments.interfaces;
  const Machine machine = arguments.root.empty() ? ThisMachine() : Machine(arguments.root);
  const std::vector<DoctorFinding> findings = Examine(machine, config);
  for (const DoctorFinding& finding : findings) {
    context.out << absl::StreamFormat("%-5s  %s: %s\n", TextOf(finding.health),
                                      Printable(finding.subject), Printable(finding.found, 1'024));
    if (!finding.advice.empty()) {
      context.out << "       do: " << Printable(finding.advice, 1'024) << '\n';
    }
  }
  const auto wrong = std::count_if(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.health == Health::kWrong;
  });
  context.out << wrong << (wrong == 1 ? " thing is wrong\n" : " things are wrong\n");
  return static_cast<int>(wrong == 0 ? ExitStatus::kDone : ExitStatus::kFailed);
}

}  // namespace vedette
