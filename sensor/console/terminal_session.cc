#include "sensor/console/terminal_session.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace vedette {
namespace {

constexpr char kEnter[] = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr char kLeave[] = "\x1b[0m\x1b[?25h\x1b[?1049l";
constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int kBreakdowns[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// Of the process: a breakdown finds no object.
termios terminal_before;
volatile sig_atomic_t terminal_taken = 0;

bool WriteAll(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t done = write(STDOUT_FILENO, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && errno == EAGAIN) {
      pollfd wait{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      if (poll(&wait, 1, 1'000) <= 0) return false;
      continue;
    }
    if (done <= 0) return false;
    text.remove_prefix(static_cast<size_t>(done));
  }
  return true;
}

// Safe in a signal handler.
void GiveBack() {
  if (terminal_taken == 0) return;
  terminal_taken = 0;
  const ssize_t ignored = write(STDOUT_FILENO, kLeave, sizeof kLeave - 1);
  static_cast<void>(ignored);
  tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

extern "C" void OnBreakdown(int signal) {
  GiveBack();
  raise(signal);  // by now at its default
}

void SetSignals(const int (&signals)[5], void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : signals) sigaction(signal, &action, nullptr);
}

}  // namespace

bool TerminalSession::Possible() {
  const char* const term = std::getenv("TERM");
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && term != nullptr &&
         *term != '\0' && std::strcmp(term, "dumb") != 0;
}

TerminalSession::TerminalSession() {
  sigemptyset(&watched_);
  for (const int signal : kEnding) sigaddset(&watched_, signal);
  for (const int signal : {SIGWINCH, SIGTSTP}) sigaddset(&watched_, signal);
  sigprocmask(SIG_BLOCK, &watched_, &before_);
  std::atexit(GiveBack);
  signals_ = signalfd(-1, &watched_, SFD_CLOEXEC | SFD_NONBLOCK);
  Enter();
}

TerminalSession::~TerminalSession() {
  Leave();
  if (signals_ >= 0) close(signals_);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void TerminalSession::Enter() {
  if (tcgetattr(STDIN_FILENO, &terminal_before) != 0) return;
  terminal_taken = 1;
  SetSignals(kBreakdowns, OnBreakdown);
  termios wanted = terminal_before;
  // Signals of keys stay signals: ^C ends it, ^Z stops it.
  wanted.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  wanted.c_cc[VMIN] = 0;
  wanted.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &wanted);
  WriteAll(kEnter);
}

void TerminalSession::Leave() {
  GiveBack();
  SetSignals(kBreakdowns, SIG_DFL);
}

TerminalSession::Event TerminalSession::OnSignal() {
  signalfd_siginfo told{};
  if (read(signals_, &told, sizeof told) != static_cast<ssize_t>(sizeof told)) return {};
  const int signal = static_cast<int>(told.ssi_signo);
  if (signal == SIGWINCH) return {.resized = true};
  if (signal != SIGTSTP) return {.signal = signal};
  Leave();
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  raise(SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &stop, nullptr);  // stops here
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  Enter();
  return {.resized = true};
}

TerminalSession::Event TerminalSession::Wait(absl::Duration at_most) {
  pollfd sources[] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                      {.fd = signals_, .events = POLLIN, .revents = 0}};
  const auto wait_ms = static_cast<int>(std::max<int64_t>(absl::ToInt64Milliseconds(at_most), 0));
  const int ready = poll(sources, 2, wait_ms);
  if (ready <= 0) return {};
  if ((sources[1].revents & POLLIN) != 0) return OnSignal();
  char key = 0;
  const ssize_t got = read(STDIN_FILENO, &key, 1);
  if (got == 1) return {.key = key};
  return {.closed = got == 0 || errno != EINTR};
}

size_t TerminalSession::rows() const {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

bool TerminalSession::Draw(const std::vector<std::string>& lines) {
  std::string frame = "\x1b[H";
  for (size_t i = 0; i < lines.size(); ++i) {
    // Erased first: at the last column there is nothing behind to erase, but the last character.
    absl::StrAppend(&frame, i == 0 ? "" : "\r\n", "\x1b[0m\x1b[K", lines[i]);
  }
  return WriteAll(frame);
}

}  // namespace vedette
