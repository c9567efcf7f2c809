#include "sensor/service/every_thread.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

using Action = int (*)(const void*);

constexpr auto kAnswerWithin = std::chrono::seconds(5);

// Of the call that is under way; the handler has no other way to know.
std::atomic<Action> action_now;
std::atomic<const void*> argument_now;
std::atomic<int> answers;
std::atomic<int> fault;

void OnSignal(int) {
  const int errno_before = errno;
  const int error = action_now.load()(argument_now.load());
  if (error != 0) fault.store(error);
  answers.fetch_add(1);
  errno = errno_before;
}

std::set<pid_t> Threads() {
  std::set<pid_t> threads;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/task", error), end; !error && at != end;
       at.increment(error)) {
    pid_t id = 0;
    if (absl::SimpleAtoi(at->path().filename().string(), &id)) threads.insert(id);
  }
  return threads;
}

std::string NameOf(pid_t thread) {
  std::ifstream file(absl::StrCat("/proc/self/task/", thread, "/comm"));
  std::string name;
  std::getline(file, name);
  return absl::StrCat(thread, " (", name, ")");
}

absl::Status Failed(const std::string& who, int error) {
  return absl::InternalError(
      absl::StrCat("thread ", who, " keeps its rights: ", std::strerror(error)));
}

// A thread that has ended meanwhile has no rights either.
absl::Status AskOne(pid_t thread, int signal) {
  const int answers_before = answers.load();
  if (syscall(SYS_tgkill, getpid(), thread, signal) != 0) {
    return errno == ESRCH ? absl::OkStatus() : Failed(NameOf(thread), errno);
  }
  const auto until = std::chrono::steady_clock::now() + kAnswerWithin;
  while (answers.load() == answers_before) {
    if (!Threads().contains(thread)) return absl::OkStatus();
    if (std::chrono::steady_clock::now() > until) return Failed(NameOf(thread), ETIMEDOUT);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return fault.load() == 0 ? absl::OkStatus() : Failed(NameOf(thread), fault.load());
}

// A thread that was started by one which had not been asked yet shows in the next list.
absl::Status AskOthers(std::set<pid_t> threads, pid_t caller, int signal) {
  std::set<pid_t> asked = {caller};
  for (bool grown = true; grown; threads = Threads()) {
    if (!threads.contains(caller)) return Failed("list in /proc/self/task", EACCES);
    grown = false;
    for (const pid_t thread : threads) {
      if (!asked.insert(thread).second) continue;
      grown = true;
      absl::Status status = AskOne(thread, signal);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InEveryThread(Action action, const void* argument) {
  const auto caller = static_cast<pid_t>(syscall(SYS_gettid));
  std::set<pid_t> threads = Threads();
  if (!threads.contains(caller)) return Failed("list in /proc/self/task", EACCES);
  const int own = action(argument);
  if (own != 0) return Failed(NameOf(caller), own);
  // Alone, it may have given up /proc, and has nobody to ask.
  if (threads.size() == 1 && Threads().size() <= 1) return absl::OkStatus();
  action_now = action;
  argument_now = argument;
  fault = 0;
  const int signal = SIGRTMAX - 2;
  struct sigaction handler {
  }, before{};
  handler.sa_handler = OnSignal;
  handler.sa_flags = SA_RESTART;
  if (sigaction(signal, &handler, &before) != 0) return Failed("handler", errno);
  const absl::Cleanup restoring = [&] { sigaction(signal, &before, nullptr); };
  return AskOthers(std::move(threads), caller, signal);
}

}  // namespace vedette
