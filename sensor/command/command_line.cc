#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "detectors/near_name.h"
#include "sensor/command/check_command.h"
#include "sensor/command/command.h"
#include "sensor/command/doctor_command.h"
#include "sensor/command/explain_command.h"
#include "sensor/command/local_command.h"
#include "sensor/command/patterns_command.h"
#include "sensor/command/replay_command.h"
#include "sensor/command/run_command.h"

namespace vedette {
namespace {

// The program's options and what they were set to; lives for one run.
class CommandLine {
 public:
  explicit CommandLine(const CommandContext& context) : context_(context) {
    app_.set_version_flag("--version", "vedette " VEDETTE_VERSION, "the version");
    app_.set_help_flag("-h,--help", "what it does and its options");
    app_.require_subcommand(1);
    app_.get_formatter()->label("TEXT", "");
    app_.get_formatter()->label("REQUIRED", "");
    app_.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app_.failure_message(
        [this](const CLI::App* command, const CLI::Error& e) { return Refusal(*command, e); });
    app_.footer("Run 'vedette help COMMAND' for a command's options.");
    AddReplay();
    AddRun();
    AddCheck();
    AddDoctor();
    AddExplain();
    AddLocal();
    AddPatterns();
    AddHelp();
  }

  int Run(std::vector<std::string> arguments) {
    if (const int fault = RefuseUnknownCommand(arguments); fault != 0) return fault;
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& e) {
      const int code = app_.exit(e, context_.out, context_.err);
      return static_cast<int>(code == 0 ? ExitStatus::kDone : ExitStatus::kUsage);
    }
    return run_();
  }

 private:
  CLI::App* Add(const std::string& name, const std::string& what) {
    names_.push_back(name);
    CLI::App* command = app_.add_subcommand(name, what);
    command->group("Commands");
    command->set_help_flag("-h,--help", "this text");
    return command;
  }

  void AddReplay() {
    CLI::App* command = Add("replay", "Read captures: devices, alerts, a report");
    DeclareReplay(*command, replay_);
    command->callback([this] { run_ = [this] { return RunReplayCommand(replay_, context_); }; });
  }

  void AddRun() {
    CLI::App* command = Add("run", "Listen to interfaces until stopped: the service");
    DeclareRun(*command, live_);
    command->callback([this] { run_ = [this] { return RunRunCommand(live_, context_); }; });
  }

  void AddCheck() {
    CLI::App* command = Add("check", "Say all that is wrong with a configuration");
    command->add_option("-c,--config", config_, "the configuration")->type_name("FILE")->required();
    command->footer("Exit status: 0 usable; 2 not.");
    command->callback([this] { run_ = [this] { return RunCheck(config_, context_); }; });
  }

  void AddDoctor() {
    CLI::App* command = Add("doctor", "Say what stands in the way of a sensor on this machine");
    command->add_option("-c,--config", doctor_.config, "the sensor's configuration")
        ->type_name("FILE");
    command
        ->add_option("-i,--interface", doctor_.interfaces, "in place of the configured; repeatable")
        ->type_name("NAME")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("--root", doctor_.root, "look at the /proc and /sys in this folder")
        ->type_name("DIR");
    command->footer("Exit status: 0 nothing is wrong; 1 something is; 2 wrong usage.");
    command->callback([this] { run_ = [this] { return RunDoctor(doctor_, context_); }; });
  }

  void AddExplain() {
    CLI::App* command =
        Add("explain", "Say which rule, limit and exclusion applies, and where each comes from");
    command
        ->add_option("EVENT|ADDRESS|KIND", explain_.subject,
                     "a file of alerts, - or an alert's id; a host; a kind")
        ->required();
    command
        ->add_option("-c,--config", explain_.config_path,
                     "configuration; without it the built-in defaults")
        ->type_name("FILE");
    command->add_option("--alerts", explain_.alerts_path, "where an alert's id is looked up")
        ->type_name("FILE");
    command->add_flag("--json", explain_.json, "JSON, one object a line");
    command->add_flag("--now", explain_.now, "judge alerts by today's date, not by theirs");
    command->footer(
        "A host is an address, a prefix, a MAC or name/NAME.\n\nExamples:\n"
        "  vedette explain -c vedette.yaml 10.1.2.3\n"
        "  vedette explain -c vedette.yaml --alerts alerts.ndjson 3f9a41c2\n"
        "  vedette explain dos.syn_flood");
    command->callback([this] { run_ = [this] { return RunExplain(explain_, context_); }; });
  }

  void AddPatterns() {
    CLI::App* command = Add("patterns", "Try the sensitive-content patterns");
    command->require_subcommand(1);
    CLI::App* test = command->add_subcommand("test", "Say which patterns match in files");
    test->add_option("FILE", patterns_.files, "files to search; - is standard input")->required();
    test->add_option("-c,--config", patterns_.config_path,
                     "configuration that names the pattern file; without it the built-in patterns")
        ->type_name("FILE");
    test->callback([this] { run_ = [this] { return RunPatternsTest(patterns_, context_); }; });
  }

  // What asks a running sensor.
  void AddLocal() {
    CLI::App* command = Add("alerts", "List a running sensor's alerts");
    DeclareAlerts(*command, local_);
    command->callback([this] { run_ = [this] { return RunAlerts(local_, context_); }; });
    command = Add("devices", "List a running sensor's devices");
    DeclareDevices(*command, local_);
    command->callback([this] { run_ = [this] { return RunDevices(local_, context_); }; });
    command = Add("top", "Watch a running sensor on a live screen");
    DeclareTop(*command, local_);
    command->callback([this] { run_ = [this] { return RunTop(local_, context_); }; });
  }

  void AddHelp() {
    CLI::App* command = Add("help", "Show a command's options");
    command->add_option("COMMAND", help_, "one of the commands");
    command->callback([this] { run_ = [this] { return RunHelp(); }; });
  }

  // CLI11's sentence, the option that may have been meant, and where to read on.
  std::string Refusal(const CLI::App& command, const CLI::Error& e) const {
    const CLI::App* given = &command;
    while (!given->get_subcommands().empty()) given = given->get_subcommands().front();
    std::vector<std::string> options;
    for (const CLI::Option* option : given->get_options()) {
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    }
    std::string hint;
    for (const std::string& extra : app_.remaining(true)) {
      if (hint.empty()) hint = DidYouMean(extra, options);
    }
    return absl::StrCat("vedette: ", e.what(), hint, "\nSee vedette help",
                        given == &app_ ? "" : " " + given->get_name(), ".\n");
  }

  int RunHelp() {
    if (help_.empty()) {
      // Not app_.help(): that would be the help of `help`, the command that was given.
      context_.out << app_.get_formatter()->make_help(&app_, "vedette", CLI::AppFormatMode::Normal);
    } else if (std::find(names_.begin(), names_.end(), help_) != names_.end()) {
      context_.out << app_.get_subcommand(help_)->help("vedette");
    } else {
      return Unknown(help_);
    }
    return static_cast<int>(ExitStatus::kDone);
  }

  int RefuseUnknownCommand(const std::vector<std::string>& arguments) const {
    if (arguments.empty() || absl::StartsWith(arguments.front(), "-")) return 0;
    const bool known = std::find(names_.begin(), names_.end(), arguments.front()) != names_.end();
    return known ? 0 : Unknown(arguments.front());
  }

  int Unknown(const std::string& command) const {
    context_.err << "vedette: unknown command " << Quoted(command) << DidYouMean(command, names_)
                 << "\nCommands: " << absl::StrJoin(names_, ", ") << '\n';
    return static_cast<int>(ExitStatus::kUsage);
  }

  const CommandContext& context_;
  CLI::App app_{"Finds attacks, data loss and damage in network traffic.", "vedette"};
  std::vector<std::string> names_;
  ReplayArguments replay_;
  RunArguments live_;
  DoctorArguments doctor_;
  ExplainArguments explain_;
  LocalArguments local_;
  PatternsArguments patterns_;
  std::string config_, help_;
  std::function<int()> run_;
};

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, const CommandContext& context) {
  return CommandLine(context).Run(arguments);
}

}  // namespace vedette
