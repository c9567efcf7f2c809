#include "sensor/service/syscall_filter.h"

#include <linux/if_packet.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace vedette {
namespace {

// Whatever their arguments. Those of real runs (both sources, every sink, TLS, a reload, interfaces
// that come and go), and their relatives that another version of a library would make instead.
constexpr const char* kAllowed[] = {
    // Memory, but for what makes it executable.
    "brk",
    "madvise",
    "mincore",
    "mlock",
    "mlock2",
    "munlock",
    "mremap",
    "msync",
    "munmap",
    "membarrier",
    "memfd_create",
    "get_mempolicy",
    "mbind",
    "set_mempolicy",
    "move_pages",
    // Files. Which: Landlock and the user's rights.
    "access",
    "faccessat",
    "faccessat2",
    "chdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "close",
    "close_range",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "fadvise64",
    "fallocate",
    "fcntl",
    "fdatasync",
    "flock",
    "fsync",
    "fstat",
    "fstatfs",
    "ftruncate",
    "getcwd",
    "getdents",
    "getdents64",
    "link",
    "linkat",
    "lseek",
    "lstat",
    "mkdir",
    "mkdirat",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pread64",
    "preadv",
    "preadv2",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readlink",
    "readlinkat",
    "readv",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "splice",
    "stat",
    "statfs",
    "statx",
    "sync_file_range",
    "truncate",
    "umask",
    "unlink",
    "unlinkat",
    "utimensat",
    "copy_file_range",
    "write",
    "writev",
    "pipe",
    "pipe2",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    // Waiting.
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd2",
    "poll",
    "ppoll",
    "pselect6",
    "select",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "signalfd4",
    "pause",
    // Connections; of which families: below.
    "accept",
    "accept4",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socketpair",
    // Threads and time.
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "exit",
    "exit_group",
    "futex",
    "futex_waitv",
    "get_robust_list",
    "getcpu",
    "getpriority",
    "gettimeofday",
    "nanosleep",
    "restart_syscall",
    "rseq",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_setaffinity",
    "sched_setscheduler",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "setpriority",
    "time",
    "times",
    "arch_prctl",
    "wait4",
    "waitid",
    // Signals; to whom: below.
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sigaltstack",
    // What it is and what it has.
    "capget",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getpgrp",
    "getpid",
    "getppid",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "gettid",
    "getuid",
    "prlimit64",
    "sysinfo",
    "uname",
    "setrlimit",
    // To read how good the clock is; to set it needs a right that is not there.
    "adjtimex",
    "clock_adjtime",
};

constexpr const char* kIntruders[] = {
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_getfd",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "mount",
    "umount2",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "pivot_root",
    "chroot",
    "setns",
    "unshare",
    "mknod",
    "mknodat",
    "keyctl",
    "add_key",
    "request_key",
    "personality",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "capset",
    "iopl",
    "ioperm",
    "acct",
    "quotactl",
    "settimeofday",
    "clock_settime",
    "sethostname",
    "setdomainname",
    "open_by_handle_at",
    "name_to_handle_at",
    "lookup_dcookie",
    "syslog",
    "vhangup",
    "modify_ldt",
};

constexpr uint64_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, ReleaseFilter>;

absl::Status Failed(const std::string& what, int error) {
  return absl::InternalError(absl::StrCat("system calls cannot be restricted (seccomp): ", what,
                                          ": ", std::strerror(error),
                                          "; see docs/service.md, or set service.sandbox to off"));
}

// On arguments of a call, numbered from 0. libseccomp's own macros are C.
scmp_arg_cmp Equals(unsigned argument, uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp Differs(unsigned argument, uint64_t value) {
  return {argument, SCMP_CMP_NE, value, 0};
}
scmp_arg_cmp HasBits(unsigned argument, uint64_t mask, uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

// Collects rules; the first that is refused is what is told.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  // A name that this kernel's architecture does not have is no call either.
  template <typename... Conditions>
  void Add(uint32_t action, const char* name, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0 || error_ != 0) return;
    error_ = -seccomp_rule_add(filter_, action, number, sizeof...(conditions), conditions...);
    if (error_ != 0) name_ = name;
  }
  template <typename... Conditions>
  void Allow(const char* name, Conditions... conditions) {
    Add(SCMP_ACT_ALLOW, name, conditions...);
  }
  absl::Status status() const { return error_ == 0 ? absl::OkStatus() : Failed(name_, error_); }

 private:
  scmp_filter_ctx filter_;
  int error_ = 0;
  std::string name_;
};

// Code is what was loaded from files: nothing is both written and run.
void AddMemory(Rules& rules) {
  rules.Allow("mmap", HasBits(2, PROT_WRITE | PROT_EXEC, 0));
  rules.Allow("mmap", HasBits(2, PROT_WRITE | PROT_EXEC, PROT_WRITE));
  rules.Allow("mmap", HasBits(2, PROT_WRITE | PROT_EXEC, PROT_EXEC));
  rules.Allow("mprotect", HasBits(2, PROT_EXEC, 0));
}

void AddSockets(Rules& rules) {
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET}) {
    rules.Allow("socket", Equals(0, static_cast<uint64_t>(family)));
  }
}

// Threads, not processes with a world of their own; clone3 hides its flags from a filter, and the C
// library goes back to clone when it is not there.
void AddThreads(Rules& rules) {
  rules.Allow("clone", HasBits(0, kNewNamespaces | CLONE_THREAD, CLONE_THREAD));
}

// To itself alone: an abort, a thread of its own.
void AddSignals(Rules& rules) {
  const auto own = static_cast<uint64_t>(getpid());
  for (const char* const name : {"kill", "tgkill", "rt_tgsigqueueinfo"}) {
    rules.Allow(name, Equals(0, own));
  }
}

void AddProcess(Rules& rules) {
  for (const int what : {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS,
                         PR_CAPBSET_READ}) {
    rules.Allow("prctl", Equals(0, static_cast<uint64_t>(what)));
  }
  // Any but that which types into a terminal.
  rules.Allow("ioctl", Differs(1, TIOCSTI));
}

}  // namespace

absl::Span<const char* const> AllowedCalls() { return kAllowed; }
absl::Span<const char* const> IntrudersCalls() { return kIntruders; }

bool HasSyscallFilter() {
  constexpr uint32_t kAction = SECCOMP_RET_KILL_PROCESS;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kAction) == 0;
}

absl::Status FilterSyscalls(bool xdp) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (filter == nullptr) return Failed("a filter", ENOMEM);
  // In all threads, those of libraries too; a tree of comparisons, as the list is long.
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  Rules rules(filter.get());
  for (const char* const name : kAllowed) rules.Allow(name);
  for (const char* const name : kIntruders) {
    const bool at_its_end = xdp && absl::string_view(name) == "bpf";
    if (!at_its_end) rules.Add(SCMP_ACT_KILL_PROCESS, name);
  }
  AddMemory(rules);
  AddSockets(rules);
  AddThreads(rules);
  AddSignals(rules);
  AddProcess(rules);
  absl::Status added = rules.status();
  if (!added.ok()) return added;
  const int error = -seccomp_load(filter.get());
  return error == 0 ? absl::OkStatus() : Failed("the filter", error);
}

}  // namespace vedette
