#include "sensor/service/progress_watch.h"

#include <utility>

namespace vedette {

std::vector<std::string> ProgressWatch::Look(const std::vector<ThreadTurns>& threads,
                                             absl::Duration now) {
  std::vector<std::string> stuck;
  std::map<std::string, Seen> seen;  // without those that have gone
  for (const ThreadTurns& thread : threads) {
    const auto before = seen_.find(thread.name);
    if (before == seen_.end() || before->second.turns != thread.turns) {
      seen[thread.name] = {thread.turns, now, 0};
      continue;
    }
    Seen& still = seen[thread.name] = before->second;
    ++still.looks;
    if (now - still.moved_at >= patience_ && still.looks >= kLooksMin) {
      stuck.push_back(thread.name);
    }
  }
  seen_ = std::move(seen);
  return stuck;
}

}  // namespace vedette
