// What was given up is gone: each test gives it up in a process of its own and tries.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "sensor/service/every_thread.h"
#include "sensor/service/file_access.h"
#include "sensor/service/privileges.h"
#include "sensor/service/syscall_filter.h"

namespace vedette {
namespace {

// How a child ended that ran `attempt`: its answer, or minus the signal. The line where an answer
// was not as wanted is what a child gives back.
int InChild(const std::function<int()>& attempt) {
  const pid_t child = fork();
  if (child == 0) _exit(attempt());
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define WANT(condition) \
  if (!(condition)) return std::fprintf(stderr, "line %d: %s\n", __LINE__, #condition), 1

// A thread that was there before, as those of a library are; it answers when it is told to.
class OtherThread {
 public:
  explicit OtherThread(std::function<int()> attempt)
      : thread_([this, attempt = std::move(attempt)] {
          while (!go_) usleep(1'000);
          answer_ = attempt();
        }) {}
  int Try() {
    go_ = true;
    thread_.join();
    return answer_;
  }

 private:
  std::atomic<bool> go_ = false;
  std::atomic<int> answer_ = -1;
  std::thread thread_;
};

TEST(SyscallFilter, NoCallIsInBothListsOrTwice) {
  std::set<std::string> names;
  for (const auto list : {AllowedCalls(), IntrudersCalls()}) {
    for (const char* const name : list) EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(SyscallFilter, OrdinaryWorkGoesOn) {
  if (!HasSyscallFilter()) GTEST_SKIP() << "this kernel has no seccomp filters";
  EXPECT_EQ(InChild([] {
              WANT(FilterSyscalls(false).ok());
              std::atomic<bool> ran = false;
              std::thread([&ran] { ran = true; }).join();
              WANT(ran);
              WANT(socket(AF_INET6, SOCK_STREAM, 0) >= 0);
              WANT(socket(AF_UNIX, SOCK_DGRAM, 0) >= 0);
              WANT(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                        0) != MAP_FAILED);
              WANT(std::ifstream("/proc/self/status").good());
              WANT(kill(getpid(), 0) == 0);
              return 0;
            }),
            0);
}

TEST(SyscallFilter, WhatIsUnknownIsRefusedInEveryThread) {
  if (!HasSyscallFilter()) GTEST_SKIP() << "this kernel has no seccomp filters";
  const auto refused = [] {
    constexpr int kXdp = 44;
    WANT(socket(kXdp, SOCK_RAW, 0) < 0 && errno == ENOSYS);
    WANT(socket(AF_BLUETOOTH, SOCK_RAW, 0) < 0 && errno == ENOSYS);
    WANT(kill(1, 0) < 0 && errno == ENOSYS);
    WANT(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr) < 0);
    WANT(mmap(nullptr, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
         MAP_FAILED);
    void* const page =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    WANT(mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0);
    WANT(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0);
    return 0;
  };
  EXPECT_EQ(InChild([&refused] {
              OtherThread other(refused);
              WANT(FilterSyscalls(false).ok());
              WANT(refused() == 0);
              return other.Try();
            }),
            0);
}

TEST(SyscallFilter, AnIntrudersCallEndsTheProcess) {
  if (!HasSyscallFilter()) GTEST_SKIP() << "this kernel has no seccomp filters";
  const std::function<void()> calls[] = {
      [] { execl("/bin/true", "true", nullptr); },     [] { syscall(SYS_ptrace, 0, 0, 0, 0); },
      [] { syscall(SYS_bpf, 0, nullptr, 0); },         [] { syscall(SYS_unshare, CLONE_NEWUSER); },
      [] { syscall(SYS_io_uring_setup, 1, nullptr); },
  };
  for (const auto& call : calls) {
    EXPECT_EQ(InChild([&call] {
                WANT(FilterSyscalls(false).ok());
                call();
                return 0;
              }),
              -SIGSYS);
  }
}

class RestrictFilesTest : public testing::Test {
 protected:
  RestrictFilesTest() : folder_(absl::StrCat(testing::TempDir(), "/restrict_", getpid())) {
    for (const char* name : {"read", "write", "other"}) {
      std::filesystem::create_directories(absl::StrCat(folder_, "/", name));
      std::ofstream(absl::StrCat(folder_, "/", name, "/file")) << name;
    }
  }
  ~RestrictFilesTest() override { std::filesystem::remove_all(folder_); }

  std::string In(const char* name) const { return absl::StrCat(folder_, "/", name); }
  std::vector<FileRule> Rules() const {
    return {{In("read"), FileUse::kRead},
            {In("write"), FileUse::kWrite},
            {In("missing"), FileUse::kWrite},
            {"/proc", FileUse::kRead}};
  }
  int TryAll() const {
    WANT(open(In("read/file").c_str(), O_RDONLY) >= 0);
    WANT(open(In("read/file").c_str(), O_WRONLY) < 0 && errno == EACCES);
    WANT(open(In("read/new").c_str(), O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
    WANT(open(In("other/file").c_str(), O_RDONLY) < 0 && errno == EACCES);
    WANT(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    WANT(unlink(In("other/file").c_str()) != 0 && errno == EACCES);
    WANT(open(In("write/new").c_str(), O_WRONLY | O_CREAT, 0600) >= 0);
    WANT(rename(In("write/new").c_str(), In("write/newer").c_str()) == 0);
    WANT(unlink(In("write/newer").c_str()) == 0);
    WANT(mkdir(In("write/folder").c_str(), 0700) == 0);
    WANT(rmdir(In("write/folder").c_str()) == 0);
    return 0;
  }

  const std::string folder_;
};

TEST_F(RestrictFilesTest, NothingButTheRulesInEveryThread) {
  if (LandlockVersion() == 0) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(InChild([this] {
              OtherThread other([this] { return TryAll(); });
              const absl::StatusOr<bool> restricted = RestrictFiles(Rules());
              WANT(restricted.ok() && *restricted);
              WANT(TryAll() == 0);
              return other.Try();
            }),
            0);
}

// The second u64 of a thread's capset, of the kernel.
uint64_t Effective() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return ~uint64_t{0};
  return uint64_t{data[1].effective | data[1].permitted} << 32 | data[0].effective |
         data[0].permitted;
}

TEST(Privileges, OneRightIsKeptAndEveryThreadHasNoMore) {
  if (HeldOf({CAP_NET_RAW, CAP_SETPCAP}).size() != 2) GTEST_SKIP() << "not started as root";
  EXPECT_EQ(InChild([] {
              OtherThread other([] { return Effective() == uint64_t{1} << CAP_NET_RAW ? 0 : 1; });
              WANT(KeepCapabilities({CAP_NET_RAW}).ok());
              WANT(SealEveryThread({CAP_NET_RAW}).ok());
              WANT(Effective() == uint64_t{1} << CAP_NET_RAW);
              for (int i = 0; i <= CAP_LAST_CAP; ++i) WANT(prctl(PR_CAPBSET_READ, i) <= 0);
              WANT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
              WANT(socket(AF_PACKET, SOCK_RAW, 0) >= 0);
              return other.Try();
            }),
            0);
}

TEST(Privileges, AnotherUserKeepsTheRightToCaptureAndNoOther) {
  if (HeldOf({CAP_SETUID, CAP_SETGID, CAP_SETPCAP}).size() != 3) {
    GTEST_SKIP() << "not started as root";
  }
  EXPECT_EQ(InChild([] {
              const absl::StatusOr<UserIds> nobody = FindUser("nobody");
              WANT(nobody.ok());
              WANT(KeepCapabilities({CAP_NET_RAW, CAP_SETUID, CAP_SETGID, CAP_SETPCAP}).ok());
              WANT(BecomeUser(*nobody, {CAP_NET_RAW}).ok());
              WANT(getuid() == nobody->user && geteuid() == nobody->user);
              WANT(getgid() == nobody->group && getgroups(0, nullptr) == 0);
              WANT(Effective() == uint64_t{1} << CAP_NET_RAW);
              WANT(setuid(0) != 0);
              WANT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
              return 0;
            }),
            0);
}

TEST(Privileges, AUserThatIsNotThereIsSaid) {
  const absl::StatusOr<UserIds> nobody = FindUser("no-such-user");
  EXPECT_NE(nobody.status().message().find("useradd"), std::string::npos) << nobody.status();
}

TEST(Privileges, NoImageOfTheMemoryIsWritten) {
  EXPECT_EQ(InChild([] {
              WANT(ForbidMemoryImages().ok());
              rlimit limit{};
              getrlimit(RLIMIT_CORE, &limit);
              WANT(limit.rlim_max == 0);
              return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
            }),
            0);
}

TEST(EveryThread, OneThatCannotBeReachedOrFailsIsAFault) {
  EXPECT_FALSE(InEveryThread([](const void*) { return EPERM; }, nullptr).ok());
  static std::atomic<int> calls;
  OtherThread first([] { return 0; }), second([] { return 0; });
  EXPECT_TRUE(InEveryThread([](const void*) { return ++calls, 0; }, nullptr).ok());
  EXPECT_EQ(calls, 3);
  first.Try(), second.Try();
}

}  // namespace
}  // namespace vedette
