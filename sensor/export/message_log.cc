#include "sensor/export/message_log.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sensor/event/text_safety.h"

namespace vedette {

void MessageLog::Say(absl::string_view sort, absl::string_view message) {
  constexpr size_t kLineBytesMax = 1'024;  // a broker's words are anybody's text
  const absl::Time now = absl::Now();
  std::string line;
  {
    const std::lock_guard lock(mutex_);
    Sort& known = sorts_[std::string(sort)];
    if (now - known.last < pause_) {
      ++known.suppressed;
      return;
    }
    line = Printable(message, kLineBytesMax);
    if (known.suppressed != 0) {
      absl::StrAppend(&line, " (and ", known.suppressed, " like it before)");
    }
    known = {.last = now};
  }
  if (tell_) tell_(line);
}

}  // namespace vedette
