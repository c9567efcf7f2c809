// Keeps numbered events on disk, by topic, in RocksDB: batches that are whole or not there at all,
// check sums, survival of a kill and of a disk that is full. Knows nothing of what is worth
// keeping: that is spool.h. One thread at a time.
#ifndef VEDETTE_SENSOR_EXPORT_SPOOL_STORE_H_
#define VEDETTE_SENSOR_EXPORT_SPOOL_STORE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sensor/export/export_event.h"

namespace rocksdb {
class FileSystem;
}

namespace vedette {

// What is known of a topic without reading it.
struct SpoolMark {
  uint64_t low = 1;  // entries below are gone, whether they are still in a file or not
  uint64_t entries = 0, bytes = 0;
};

struct StoredEvent {
  uint64_t number = 0;
  uint64_t bytes = 0;
  std::optional<ExportEvent> event;  // nothing: its check sum is wrong
};

// Changes that take effect together.
struct SpoolBatch {
  struct Put {
    uint64_t number;
    EventPointer event;
    uint64_t bytes;  // set when it is encoded
  };
  struct Topics {
    std::vector<uint64_t> deletes;
    std::optional<SpoolMark> mark;
  };
  std::vector<Put> puts;
  std::array<Topics, kTopicCount> topics;
  // Numbers that were given in vain: nothing that lies there counts. Empty: from == to.
  uint64_t void_from = 0, void_to = 0;
  uint64_t next_number = 1;
};

class SpoolStore {
 public:
  // Makes the folder, 0700, its files 0600. One that cannot be opened for damage is repaired, else
  // set aside under another name. `file_system`: null for the machine's own.
  static absl::StatusOr<std::unique_ptr<SpoolStore>> Open(
      const std::string& folder, std::shared_ptr<rocksdb::FileSystem> file_system);
  virtual ~SpoolStore() = default;

  virtual const std::array<SpoolMark, kTopicCount>& marks() const = 0;
  virtual uint64_t next_number() const = 0;
  // What was wrong with the store as it was found; empty: nothing.
  virtual const std::string& damage() const = 0;
  // Where to it was set aside, as no repair helped; empty: it was not.
  virtual const std::string& set_aside() const = 0;

  // kResourceExhausted: the disk is full. After any failure the store takes nothing more: open it
  // anew.
  virtual absl::Status Commit(SpoolBatch& batch) = 0;
  // What was committed survives a power loss once this returns.
  virtual absl::Status Sync() = 0;

  struct Position {
    uint64_t next = 0;  // where to read on
    bool end = false;   // the topic has nothing more
  };
  // At most `max` entries from number `from` on. Blocks that cannot be read are stepped over.
  virtual absl::StatusOr<Position> Read(Topic topic, uint64_t from, size_t max,
                                        std::vector<StoredEvent>& out) = 0;
  // Keeps what was found damaged for somebody to look at, up to a bound.
  virtual void KeepDamaged(Topic topic, uint64_t number) = 0;
  // Gives back the disk space of what lies below the marks.
  virtual void Reclaim() = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_SPOOL_STORE_H_
