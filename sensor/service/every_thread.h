// Does something in every thread there is: what the kernel keeps for each (capabilities, Landlock)
// and a library has started threads before it was given up. Set-up only.
#ifndef VEDETTE_SENSOR_SERVICE_EVERY_THREAD_H_
#define VEDETTE_SENSOR_SERVICE_EVERY_THREAD_H_

#include "absl/status/status.h"

namespace vedette {

// Calls `action` once in the calling thread, then in each other one, within a signal handler: it
// may do system calls and nothing else. 0 is success, else an errno. Fails where a thread cannot be
// reached or its action fails; then no thread may be trusted to have done it. One caller at a time.
absl::Status InEveryThread(int (*action)(const void*), const void* argument);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_SERVICE_EVERY_THREAD_H_
