// Writes one JSON object field by field into a string. Numbers by std::to_chars: integers exactly,
// doubles as the shortest text that reads back the same. One thread.
#ifndef VEDETTE_SENSOR_EVENT_JSON_WRITER_H_
#define VEDETTE_SENSOR_EVENT_JSON_WRITER_H_

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sensor/event/text_safety.h"

namespace vedette {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  template <typename T>
  void Field(absl::string_view name, const T& value) {
    out_ += first_ ? "{" : ",";
    first_ = false;
    AppendJsonString(name, out_);
    out_.push_back(':');
    Value(value);
  }
  void End() {
    if (first_) out_.push_back('{');
    out_.push_back('}');
  }

 private:
  void Value(bool value) { out_ += value ? "true" : "false"; }
  void Value(std::integral auto value) { Number(value); }
  // Events hold no NaN and no infinity; one that slipped through must not break the line. Nor does
  // any figure mean -0, which readers would take for an integer.
  void Value(double value) { Number(std::isfinite(value) && value != 0 ? value : 0.0); }
  void Value(const std::string& value) { AppendJsonString(value, out_); }
  template <typename T>
  void Value(const std::vector<T>& list) {
    out_.push_back('[');
    for (size_t i = 0; i < list.size(); ++i) {
      if (i != 0) out_.push_back(',');
      Value(list[i]);
    }
    out_.push_back(']');
  }
  template <typename T>
  void Value(const std::map<std::string, T>& object) {
    JsonWriter writer(out_);
    for (const auto& [name, value] : object) writer.Field(name, value);
    writer.End();
  }
  // Structs bring a WriteFields of their own.
  template <typename T>
    requires requires(const T& value, JsonWriter& writer) { WriteFields(value, writer); }
  void Value(const T& value) {
    JsonWriter writer(out_);
    WriteFields(value, writer);
    writer.End();
  }
  template <typename T>
  void Number(T value) {
    char text[40];
    const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
    out_.append(text, end);
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EVENT_JSON_WRITER_H_
