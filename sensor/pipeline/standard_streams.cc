#include "sensor/pipeline/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sensor/event/text_safety.h"

namespace vedette {

void PrepareStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    static_cast<void>(open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

std::string Shown(absl::string_view message) {
  constexpr size_t kLineBytesMax = 8192;
  return absl::StrJoin(absl::StrSplit(message, '\n'), "\n",
                       [](std::string* out, absl::string_view line) {
                         absl::StrAppend(out, Printable(line, kLineBytesMax));
                       });
}

}  // namespace vedette
