// The bytes of a state: a line that says what it is, frames, a SHA-256 over all of it. A frame is
// one CBOR array, [name of the part, its layout, [entry ...]]; a part is as many frames as it
// needs, so that neither writing nor reading holds more than a few hundred entries as values. The
// first part is the header. Any thread; no I/O.
#ifndef VEDETTE_SENSOR_STATE_STATE_IMAGE_H_
#define VEDETTE_SENSOR_STATE_STATE_IMAGE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sensor/state/value_codec.h"

namespace vedette {

// Whose state it is, and of when.
struct StateHeader {
  std::string sensor, site;
  std::string program;   // its version, for people: what differs is told by each part's layout
  int64_t boot_ms = 0;   // of the run that wrote it
  uint64_t second = 0;   // the newest interval it holds
  bool at_stop = false;  // nothing was told after it was written
  std::array<uint64_t, 2> secret{};  // of the tables: kept hashes mean nothing without it

  template <typename Io>
  void Keep(Io& io) {
    io("sensor", sensor);
    io("site", site);
    io("program", program);
    io("boot_ms", boot_ms);
    io("second", second);
    io("at_stop", at_stop);
    io("secret", secret);
  }
};

class StateImageWriter {
 public:
  StateImageWriter(StateHeader header, size_t bytes_max);

  void BeginPart(std::string name, std::string layout);
  void Add(StateValue entry);
  // A part that finds no room is left out whole.
  void EndPart();
  const std::vector<std::string>& left_out() const { return left_out_; }

  std::string Finish() &&;

 private:
  void Flush();

  size_t bytes_max_;
  std::string bytes_;
  std::string name_, layout_, part_;  // of the part that is open, and its frames
  StateValue entries_ = StateValue::array();
  std::vector<std::string> left_out_;
};

class StateImage {
 public:
  // Says what is wrong with bytes that are no state, or a damaged one.
  static absl::StatusOr<StateImage> Parse(std::string bytes);

  const StateHeader& header() const { return header_; }
  size_t size_bytes() const { return bytes_.size(); }

  struct Part {
    std::string layout;
    std::vector<std::pair<size_t, size_t>> frames;  // places in the bytes: offset, size
  };
  const Part* Find(const std::string& name) const;
  // The entries of one of its frames; null where they are none.
  StateValue EntriesOf(const std::pair<size_t, size_t>& frame) const;

 private:
  absl::Status ReadFrames(size_t begin, size_t end);

  std::string bytes_;
  StateHeader header_;
  absl::btree_map<std::string, Part> parts_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_STATE_STATE_IMAGE_H_
