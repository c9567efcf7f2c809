// What a sink has to say to an operator: each sort of message at most once in ten seconds, with how
// many like it were kept back. Any thread.
#ifndef VEDETTE_SENSOR_EXPORT_MESSAGE_LOG_H_
#define VEDETTE_SENSOR_EXPORT_MESSAGE_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace vedette {

class MessageLog {
 public:
  using Tell = std::function<void(const std::string& line)>;

  explicit MessageLog(Tell tell, absl::Duration pause = absl::Seconds(10))
      : tell_(std::move(tell)), pause_(pause) {}

  // `sort` is one of a few fixed names, never text from outside.
  void Say(absl::string_view sort, absl::string_view message);

 private:
  struct Sort {
    absl::Time last = absl::InfinitePast();
    uint64_t suppressed = 0;
  };
  Tell tell_;
  absl::Duration pause_;
  std::mutex mutex_;
  std::map<std::string, Sort> sorts_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_MESSAGE_LOG_H_
