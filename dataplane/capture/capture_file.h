// One capture file: its bytes, the reader of its format, its filter, its counters and what ended
// it. Opened at set-up or, in a long row of files, at its turn. Owned by a ReplaySource and called
// by the thread that polls it; progress may be asked by any thread.
#ifndef VEDETTE_DATAPLANE_CAPTURE_CAPTURE_FILE_H_
#define VEDETTE_DATAPLANE_CAPTURE_CAPTURE_FILE_H_

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/capture/byte_stream.h"
#include "dataplane/capture/capture_record.h"
#include "dataplane/capture/pcap_filter.h"
#include "dataplane/capture/pcap_reader.h"
#include "dataplane/capture/pcapng_reader.h"

namespace vedette {

// records = packets + filtered. Bytes are captured bytes of delivered packets. True at the end: a
// reader runs up to a burst ahead of what it delivered.
struct CaptureCounters {
  uint64_t records = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t cut = 0;                    // delivered, but the snap length left bytes out
  uint64_t filtered = 0;               // refused by the filter
  uint64_t time_backwards = 0;         // arrived at the latest time seen instead of their own
  uint64_t oversized_wire_length = 0;  // claimed more than kWireLengthMax
  uint64_t unsupported_link = 0;       // delivered, but no decoder knows their link type

  CaptureCounters& operator+=(const CaptureCounters& other);
};

class CaptureFile {
 public:
  enum class Cursor : uint8_t {
    kPacket,   // record() is the next packet
    kStalled,  // Refill, then Next again; what was borrowed from this file must be released first
    kEnded,
  };

  // Opens and recognizes `path` ("-": standard input). The filter may be null and outlives the
  // file. Fails for what is no capture; DataLoss for one damaged before its format can be seen.
  static absl::StatusOr<std::unique_ptr<CaptureFile>> Open(absl::string_view path,
                                                           const PcapFilter* filter);
  // The same for a descriptor, which is taken over.
  static absl::StatusOr<std::unique_ptr<CaptureFile>> FromDescriptor(int fd, absl::string_view name,
                                                                     const PcapFilter* filter);

  // Gives memory and descriptor back: before the first Next until Reopen, or at the end for good.
  void Close() { stream_.reset(); }
  bool open() const noexcept { return stream_ != nullptr; }
  // A file that is gone or has become something else ends at once, with damage().
  void Reopen();

  Cursor Next() noexcept {
    if (++current_ < ahead_) return Cursor::kPacket;
    return ReadAhead();
  }
  void Refill() noexcept;
  // Counts a record of this file, whoever read it. False: the filter refuses it.
  bool Keep(const CaptureRecord& record) noexcept;
  const CaptureRecord& record() const noexcept { return records_[current_]; }

  CaptureCounters& counters() noexcept { return counters_; }
  const CaptureCounters& counters() const noexcept { return counters_; }
  // kNone while all is well.
  const Damage& damage() const noexcept { return damage_; }
  const std::string& path() const noexcept { return path_; }
  // "pcap", "pcapng in gzip", ... for people.
  const std::string& format() const noexcept { return format_; }

  // Compressed bytes. Total 0: unknown.
  uint64_t input_bytes_read() const noexcept {
    return input_bytes_read_.load(std::memory_order_relaxed);
  }
  uint64_t input_bytes_total() const noexcept { return input_bytes_total_; }

 private:
  using Reader = std::variant<PcapReader, PcapngReader>;

  CaptureFile(absl::string_view path, const PcapFilter* filter) : path_(path), filter_(filter) {}
  absl::Status Recognize(std::unique_ptr<ByteStream> stream);
  Cursor ReadAhead() noexcept;
  template <typename AnyReader>
  Cursor ReadAheadFrom(AnyReader& reader) noexcept;
  void Count(size_t read) noexcept;
  template <typename AnyReader>
  Cursor StallOrEnd(const AnyReader& reader, uint32_t needed) noexcept;
  Cursor End(const Damage& damage) noexcept;

  std::string path_;
  std::string format_;
  const PcapFilter* filter_;
  std::unique_ptr<ByteStream> stream_;
  Reader reader_;
  // Read a run at a time, while they lie in the window; those the filter refused are left out.
  std::array<CaptureRecord, kBurstMax> records_;
  size_t current_ = 0, ahead_ = 0;
  uint32_t needed_bytes_ = 0;
  bool ended_ = false;
  CaptureCounters counters_;
  Damage damage_;
  uint64_t input_bytes_total_ = 0;
  std::atomic<uint64_t> input_bytes_read_{0};
};

}  // namespace vedette
#endif  // VEDETTE_DATAPLANE_CAPTURE_CAPTURE_FILE_H_
