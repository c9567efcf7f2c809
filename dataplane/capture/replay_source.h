// Capture files as a packet source: one, several in a row, or several merged by time. Zero copy:
// packets lie in the windows of their files until the burst is released, and only one burst may be
// out at a time. A damaged file ends there; the next ones go on, and faults() says what was lost.
// Time: shifted as asked for, cut to microseconds, and an arrival before the latest one seen counts
// at that (CaptureCounters::time_backwards). Polled by one thread; bytes_consumed() may be asked by
// any, the rest only after Receive has returned kEnded or from the polling thread. Receive
// allocates nothing but where a file starts: decompressors, and files beyond kKeptOpenMax, which
// are closed until their turn.
#ifndef VEDETTE_DATAPLANE_CAPTURE_REPLAY_SOURCE_H_
#define VEDETTE_DATAPLANE_CAPTURE_REPLAY_SOURCE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "dataplane/capture/capture_file.h"
#include "dataplane/capture/packet_source.h"
#include "dataplane/capture/pcap_filter.h"

namespace vedette {

struct ReplayOptions {
  // In a row, or merged by time; equal times keep the order of the files.
  bool merge = false;
  // libpcap's filter language; empty: everything.
  std::string filter;
  // The first packet delivered arrives then, all later ones keep their distance.
  std::optional<Timestamp> shift_to;
};

// What ended a file before its time.
struct ReplayFault {
  std::string path;
  uint64_t offset_bytes = 0;  // in the uncompressed stream
  std::string cause;
  // "x.pcap: at byte 1234: the file ends inside a packet record: ..."
  std::string ToString() const;
};

struct ReplayedFile {
  std::string path;
  std::string format;
  CaptureCounters counters;
};

class ReplaySource : public PacketSource {
 public:
  // Merging holds a window of every file.
  static constexpr size_t kMergedFilesMax = 256;
  static constexpr size_t kKeptOpenMax = 64;

  virtual std::vector<ReplayFault> faults() const;
  CaptureCounters counters() const;  // of all files
  std::vector<ReplayedFile> files() const;
  // Empty while no packet was delivered.
  std::optional<Timestamp> first_arrival() const noexcept;
  std::optional<Timestamp> last_arrival() const noexcept;

  // Of the input as it lies on disk. Total 0: unknown (a pipe is among it).
  virtual uint64_t bytes_consumed() const noexcept;
  uint64_t bytes_total() const noexcept;

 protected:
  using Files = std::vector<std::unique_ptr<CaptureFile>>;
  ReplaySource(Files files, std::unique_ptr<const PcapFilter> filter,
               std::optional<Timestamp> shift_to);

  // Appends the file's current packet. False: it lies beyond the burst's second.
  bool Append(CaptureFile& file, PacketBurst& burst) noexcept {
    return Append(file.record(), file.counters(), burst);
  }
  bool Append(const CaptureRecord& record, CaptureCounters& counters, PacketBurst& burst) noexcept;
  bool started() const noexcept { return started_; }
  Timestamp latest() const noexcept { return {latest_us_}; }

  std::unique_ptr<const PcapFilter> filter_;  // outlives files_
  Files files_;

 private:
  void Start(uint64_t first_us) noexcept;
  uint64_t Shifted(uint64_t recorded_us) const noexcept;

  std::optional<Timestamp> shift_to_;
  int64_t shift_us_ = 0;
  bool started_ = false;
  uint64_t first_us_ = 0;
  uint64_t latest_us_ = 0;
  uint64_t second_end_us_ = 0;  // of the second latest_us_ lies in
};

class SequentialSource final : public ReplaySource {
 public:
  SequentialSource(Files files, std::unique_ptr<const PcapFilter> filter,
                   std::optional<Timestamp> shift_to)
      : ReplaySource(std::move(files), std::move(filter), shift_to) {}
  SourceState Receive(PacketBurst& burst) noexcept override;

 private:
  bool Prepare() noexcept;
  void FillBurst(PacketBurst& burst) noexcept;

  size_t current_ = 0;
  CaptureFile::Cursor cursor_ = CaptureFile::Cursor::kStalled;
  bool taken_ = true;  // the current packet has been delivered
};

class MergedSource final : public ReplaySource {
 public:
  MergedSource(Files files, std::unique_ptr<const PcapFilter> filter,
               std::optional<Timestamp> shift_to);
  SourceState Receive(PacketBurst& burst) noexcept override;

 private:
  struct Head {
    uint64_t arrival_us;
    uint32_t file;
    // std heaps keep the largest in front: the latest file of the latest time is the smallest.
    friend bool operator<(const Head& a, const Head& b) {
      return a.arrival_us != b.arrival_us ? a.arrival_us > b.arrival_us : a.file > b.file;
    }
  };
  void RefillStalled() noexcept;
  void FillBurst(PacketBurst& burst) noexcept;
  bool Advance(uint32_t file) noexcept;

  std::vector<Head> heads_;        // a heap; the current packet of each file that has one
  std::vector<uint32_t> stalled_;  // files whose next packet is not known yet
};

// Opens and recognizes every file before anything is read: the Status names all that are unreadable
// or no captures. DataLoss if each of them is a capture damaged at its start.
absl::StatusOr<std::unique_ptr<ReplaySource>> OpenReplay(absl::Span<const std::string> paths,
                                                         const ReplayOptions& options);

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_REPLAY_SOURCE_H_
