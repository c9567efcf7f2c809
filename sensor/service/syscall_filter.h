// Which system calls the process may make from some moment on: seccomp, in every thread. Set-up
// only.
#ifndef VEDETTE_SENSOR_SERVICE_SYSCALL_FILTER_H_
#define VEDETTE_SENSOR_SERVICE_SYSCALL_FILTER_H_

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace vedette {

// What is done about a call that is not allowed.
//   unknown     answered with ENOSYS: to a C library a kernel that is older than itself. A library
//               that is newer than our list takes its other way, and the sensor lives on.
//   intruder's  ends the process: nothing we are made of makes such a call; who does has taken over
//               a thread.
// The names of both lists, for tests and the manual.
absl::Span<const char* const> AllowedCalls();
absl::Span<const char* const> IntrudersCalls();

// False where the kernel has no seccomp filters.
bool HasSyscallFilter();

// `xdp`: the library of AF_XDP calls bpf once more when it ends, in vain: that is refused as an
// unknown call is.
absl::Status FilterSyscalls(bool xdp);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_SYSCALL_FILTER_H_
