// A text written whole to a file or a stream that is open already. Every failure is told with the
// name of where it happened: a full disk, a reader that has left. One thread.
#ifndef VEDETTE_SENSOR_REPORT_TEXT_OUTPUT_H_
#define VEDETTE_SENSOR_REPORT_TEXT_OUTPUT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace vedette {

class TextOutput {
 public:
  // Created, or emptied, at once: an hour of reading is not lost to a wrong path.
  static absl::StatusOr<std::unique_ptr<TextOutput>> Create(const std::string& path);
  // A descriptor that stays open.
  TextOutput(int descriptor, std::string name)
      : descriptor_(descriptor), name_(std::move(name)), owned_(false) {}
  ~TextOutput();
  TextOutput(const TextOutput&) = delete;
  TextOutput& operator=(const TextOutput&) = delete;

  // Once.
  absl::Status Write(absl::string_view text);

 private:
  absl::Status Failed() const;

  int descriptor_;
  std::string name_;
  bool owned_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_TEXT_OUTPUT_H_
