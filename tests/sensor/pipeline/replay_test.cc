// The program from outside: what goes where, and with which status it ends.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/traffic.h"

namespace vedette {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int status = -1;  // 128 + signal where one ended it
  std::string out, err;
};

class Replay : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/vedette_replay_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    // The reports say local times too.
    setenv("TZ", "UTC", 1);
    unsetenv("LANG");
    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Contents(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(Path(name), std::ios::binary).rdbuf();
    return text.str();
  }

  // With these descriptors as standard output and error; -1: a file, returned as text.
  Outcome Run(const std::vector<std::string>& arguments, int out = -1, int err = -1) const {
    const pid_t child = fork();
    if (child == 0) {
      dup2(out >= 0 ? out : Create("out"), STDOUT_FILENO);
      dup2(err >= 0 ? err : Create("err"), STDERR_FILENO);
      std::vector<std::string> texts = {VEDETTE_BINARY, "replay"};
      texts.insert(texts.end(), arguments.begin(), arguments.end());
      std::vector<char*> words;
      for (std::string& text : texts) words.push_back(text.data());
      words.push_back(nullptr);
      execv(VEDETTE_BINARY, words.data());
      _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    Outcome outcome;
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (out < 0) outcome.out = Contents("out");
    if (err < 0) outcome.err = Contents("err");
    return outcome;
  }

  // A classic capture of `seconds` seconds with ten packets each; cut short by `cut` bytes.
  std::string Capture(const std::string& name, int seconds, size_t cut = 0) const {
    std::string bytes;
    const auto put = [&bytes](auto value) {
      bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
    };
    put(uint32_t{0xa1b2c3d4});
    put(uint16_t{2}), put(uint16_t{4});
    put(uint32_t{0}), put(uint32_t{0}), put(uint32_t{65'535}), put(uint32_t{1});
    for (int i = 0; i < 10 * seconds; ++i) {
      const PacketBytes packet = PacketBuilder()
                                     .Ethernet()
                                     .Ip4("10.0.0.5", i % 2 == 0 ? "198.51.100.9" : "10.0.0.1")
                                     .Udp(static_cast<uint16_t>(40'000 + i), 9'000)
                                     .Payload(size_t{100})
                                     .Build();
      put(static_cast<uint32_t>(1'769'860'800 + i / 10));
      put(static_cast<uint32_t>(i % 10 * 100'000));
      put(static_cast<uint32_t>(packet.size())), put(static_cast<uint32_t>(packet.size()));
      bytes.append(reinterpret_cast<const char*>(packet.data()), packet.size());
    }
    bytes.resize(bytes.size() - cut);
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }

 private:
  int Create(const char* name) const {
    return open(Path(name).c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  }
  std::string folder_;
};

TEST_F(Replay, TheReportIsAllThereIs) {
  const Outcome outcome = Run({Capture("a.pcap", 3)});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("30 received = 30 processed + 0 dropped"),
                                 HasSubstr("2026-01-31 12:00:00 UTC"), HasSubstr("198.51.100.9"),
                                 Not(HasSubstr("\x1b"))));
}

TEST_F(Replay, QuietSaysNothing) {
  const Outcome outcome = Run({"--quiet", Capture("a.pcap", 3)});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST_F(Replay, JsonOnStandardOutputIsThereAlone) {
  const Outcome outcome = Run({"--health", "-", Capture("a.pcap", 3)});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("30 received = 30 processed + 0 dropped"));
  for (const absl::string_view line : absl::StrSplit(outcome.out, '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(absl::StartsWith(line, "{\"schema\":1,")) << line;
  }
  EXPECT_THAT(outcome.out, HasSubstr("\"packets_received\":30,"));
}

TEST_F(Replay, TheReportIsTheSameForAnyNumberOfWorkers) {
  const std::string capture = Capture("a.pcap", 3);
  const auto without_rate = [](const std::string& text) { return text.substr(text.find('\n')); };
  std::string first_text, first_html;
  for (const char* workers : {"1", "2", "8"}) {
    const Outcome outcome = Run({"--workers", workers, "--report", Path("page.html"), capture});
    EXPECT_EQ(outcome.status, 0);
    if (first_text.empty()) {
      first_text = without_rate(outcome.out);
      first_html = Contents("page.html");
    }
    EXPECT_EQ(without_rate(outcome.out), first_text);
    EXPECT_EQ(Contents("page.html"), first_html);
  }
  EXPECT_THAT(first_html, HasSubstr("<b>30</b><span>packets</span>"));
}

TEST_F(Replay, DamageIsSaidAndTheRestReported) {
  const Outcome outcome = Run({"--report", Path("page.html"), Capture("cut.pcap", 3, /*cut=*/10)});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("cut.pcap: at byte "), Not(HasSubstr("terminate"))));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("damaged: "), HasSubstr("29 received = 29 processed")));
  EXPECT_THAT(Contents("page.html"), HasSubstr("Damaged: "));
}

TEST_F(Replay, AReaderThatLeavesEndsNothingElse) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const Outcome outcome = Run({"--report", Path("page.html"), Capture("a.pcap", 3)}, ends[1]);
  close(ends[1]);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err,
            "vedette replay: standard output: the report was not written: Broken pipe\n");
  EXPECT_THAT(Contents("page.html"), EndsWith("</html>\n"));
}

TEST_F(Replay, AFullDiskIsSaid) {
  const std::string capture = Capture("a.pcap", 3);
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_EQ(Run({capture}, full).status, 1);
  const Outcome page = Run({"--report", "/dev/full", capture});
  EXPECT_EQ(page.status, 1);
  EXPECT_THAT(page.err, HasSubstr("/dev/full: the report was not written: No space left"));
  EXPECT_THAT(page.out, HasSubstr("30 received"));
  const Outcome events = Run({"--health", "/dev/full", capture});
  EXPECT_EQ(events.status, 1);
  EXPECT_THAT(events.err, HasSubstr("/dev/full"));
  close(full);
}

TEST_F(Replay, AWrongPathIsSaidBeforeAnythingIsRead) {
  const Outcome outcome = Run({"--report", Path("no/such/page.html"), Capture("a.pcap", 3)});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("page.html: cannot be written: No such file"));
  EXPECT_EQ(outcome.out, "");
}

// At the pace of the capture, so that there is time for a bar.
TEST_F(Replay, TheBarIsDrawnOnATerminalAndErased) {
  int terminal = -1, program = -1;
  winsize size{.ws_row = 24, .ws_col = 60};
  ASSERT_EQ(openpty(&terminal, &program, nullptr, nullptr, &size), 0);
  const std::string capture = Capture("a.pcap", 2);
  EXPECT_EQ(Run({"--speed", "real", capture}, -1, program).status, 0);
  EXPECT_EQ(Run({"--quiet", "--speed", "real", capture}, -1, program).status, 0);
  close(program);
  std::string drawn(1 << 16, '\0');
  const ssize_t count = read(terminal, drawn.data(), drawn.size());
  drawn.resize(count > 0 ? static_cast<size_t>(count) : 0);
  close(terminal);
  EXPECT_THAT(drawn, AllOf(HasSubstr("packets/s"), EndsWith("\r\x1b[K")));
  for (const absl::string_view line : absl::StrSplit(drawn, "\r\x1b[K")) {
    EXPECT_LT(line.size(), 60U) << line;
  }
  EXPECT_THAT(Contents("out"), Not(HasSubstr("packets/s, ")));
}

}  // namespace
}  // namespace vedette
