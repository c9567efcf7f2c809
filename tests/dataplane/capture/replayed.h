// Puts bytes where a source can read them, and reads everything the source gives. Tests only.
#ifndef VEDETTE_TESTS_DATAPLANE_CAPTURE_REPLAYED_H_
#define VEDETTE_TESTS_DATAPLANE_CAPTURE_REPLAYED_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/capture/replay_source.h"

namespace vedette {

// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "vedette_XXXXXX").string();
    path_ = mkdtemp(path.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string Put(const std::string& name, const std::string& bytes) const {
    const std::string path = absl::StrCat(path_, "/", name);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct ReadPacket {
  std::string bytes;
  uint64_t arrival_us = 0;
  uint32_t wire_length = 0;
  LinkType link = LinkType::kEthernet;
};

struct Replayed {
  std::string refused;  // why nothing could be opened; the rest is empty then
  absl::StatusCode code = absl::StatusCode::kOk;
  std::vector<ReadPacket> packets;
  std::vector<ReplayFault> faults;
  std::vector<ReplayedFile> files;
  CaptureCounters counters;

  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const ReadPacket& packet : packets) texts.push_back(packet.bytes);
    return texts;
  }
  std::vector<uint64_t> Arrivals() const {
    std::vector<uint64_t> arrivals;
    for (const ReadPacket& packet : packets) arrivals.push_back(packet.arrival_us);
    return arrivals;
  }
};

// Also checks what every burst promises: one second, ordered, borrowed bytes readable.
inline Replayed Replay(const std::vector<std::string>& paths, const ReplayOptions& options = {}) {
  Replayed replayed;
  const auto source = OpenReplay(paths, options);
  if (!source.ok()) {
    replayed.refused = std::string(source.status().message());
    replayed.code = source.status().code();
    return replayed;
  }
  PacketBurst burst;
  uint64_t latest_us = 0;
  SourceState state;
  do {
    state = (*source)->Receive(burst);
    EXPECT_LE(burst.count, kBurstMax);
    for (const PacketView& view : burst.views()) {
      EXPECT_EQ(view.arrival.second(), burst.now.second()) << "a burst crosses a second's border";
      EXPECT_GE(view.arrival.us, latest_us);
      EXPECT_GE(view.wire_length, view.bytes.size());
      latest_us = view.arrival.us;
      replayed.packets.push_back(
          {std::string(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size()),
           view.arrival.us, view.wire_length, view.link});
    }
    (*source)->Release(burst);
  } while (state != SourceState::kEnded);
  replayed.faults = (*source)->faults();
  replayed.files = (*source)->files();
  replayed.counters = (*source)->counters();
  EXPECT_EQ(replayed.counters.packets, replayed.packets.size());
  EXPECT_EQ(replayed.counters.records, replayed.counters.packets + replayed.counters.filtered);
  return replayed;
}

inline Replayed ReplayBytes(const std::string& file) {
  const Folder folder;
  return Replay({folder.Put("capture", file)});
}

}  // namespace vedette
#endif  // VEDETTE_TESTS_DATAPLANE_CAPTURE_REPLAYED_H_
