// What the broker cannot take now waits here, on disk: at most so many bytes, the least worth and
// oldest dropped first, alerts last. An entry leaves when it is known to be delivered, never
// before. Survives a kill and a power loss (what Sync has seen), a damaged folder and a full disk:
// while the disk takes nothing, appends are refused, and what leaves meanwhile is struck out later.
//
// Owned by one sink, called from its thread. How bytes lie on disk: spool_store.h; what is handed
// out and comes back: spool_take.cc.
#ifndef VEDETTE_SENSOR_EXPORT_SPOOL_H_
#define VEDETTE_SENSOR_EXPORT_SPOOL_H_

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "sensor/export/export_accounts.h"
#include "sensor/export/export_event.h"
#include "sensor/export/message_log.h"
#include "sensor/export/spool_store.h"

namespace vedette {

struct SpoolOptions {
  std::string folder;
  uint64_t bytes_max = uint64_t{4} << 30;
  std::shared_ptr<rocksdb::FileSystem> file_system;  // null: the machine's own
};

// An entry on its way out.
struct SpooledEvent {
  uint64_t number = 0;
  EventPointer event;
};

class Spool {
 public:
  // `accounts` and `log` outlive the spool. A disk that is full is no fault: it is as after a
  // failure.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(SpoolOptions options, ExportAccounts& accounts,
                                                     MessageLog& log);
  // What was asked for before is committed and synced, and what was removed is struck out.
  ~Spool();

  // All or none; what gives way, or finds no room, is dropped and counted. `numbers` becomes one
  // for each event, 0 for those that were dropped. `on_their_way`: a copy of what the broker has
  // not yet confirmed, not to be handed out by Take until it is returned.
  absl::Status Append(absl::Span<const EventPointer> events, bool on_their_way,
                      std::vector<uint64_t>& numbers);

  // The most worth first, then the oldest; only topics that are wanted. Handed out once, until
  // they are returned.
  void Take(const std::array<bool, kTopicCount>& wanted, size_t events_max, uint64_t bytes_max,
            std::vector<SpooledEvent>& out);
  // Not delivered: to be handed out again.
  void Return(Topic topic, uint64_t number);
  // Delivered, or dropped. Gone from the disk with the next Commit once all before it are gone too,
  // else when the spool is closed: after a kill it may be there again.
  void Remove(Topic topic, uint64_t number);
  // True if it was here before this start: it belongs to an earlier boot's accounts.
  bool Inherited(uint64_t number) const { return number < inherited_below_; }
  // How many of these a topic still has, waiting or on their way.
  uint64_t inherited(Topic topic) const { return shelves_[Index(topic)].inherited; }

  absl::Status Commit();
  // Commit, then as safe as the disk makes it.
  absl::Status Sync();
  // Opens the store anew after a failure.
  absl::Status Revive();
  bool failed() const { return store_ == nullptr; }
  void Reclaim();

  uint64_t entries() const;
  uint64_t bytes() const;
  uint64_t waiting() const;                              // entries that are not on their way
  uint64_t quarantined() const { return quarantined_; }  // damaged entries so far
  int64_t oldest_made_ms() const;                        // 0: empty

 private:
  static constexpr size_t kReadChunk = 1'000;
  struct Entry {
    uint64_t bytes = 0;
  };
  struct Shelf {
    uint64_t low = 1;     // below all are gone
    uint64_t cursor = 1;  // below none waits
    uint64_t entries = 0, bytes = 0;
    uint64_t inherited = 0;         // of the entries
    std::map<uint64_t, Entry> out;  // on their way
    // Removed, and still on disk as something before them is: to strike out each one would make the
    // files overlap, so that they had to be rewritten.
    std::map<uint64_t, uint64_t> removed;  // their bytes by their number
    uint64_t removed_bytes = 0;
    struct Age {
      uint64_t number;
      int64_t made_ms;
    };
    std::deque<Age> ages;  // of some, oldest first
    bool changed = false;
  };

  Spool(SpoolOptions options, ExportAccounts& accounts, MessageLog& log);
  absl::Status OpenStore();
  void SayIfDamaged();
  void Load();
  void LoadShelf(Topic topic);
  Shelf& ShelfOf(Topic topic) { return shelves_[Index(topic)]; }
  absl::Status Write(SpoolBatch& batch);
  void Fill(SpoolBatch& batch);
  void Forget(Topic topic, uint64_t number, uint64_t bytes);
  void TakeBack(const SpoolBatch& batch, bool on_their_way, uint64_t first);
  void Settle(Topic topic);
  static void ForgetBelow(Shelf& shelf);
  void LoseDamaged(Topic topic, uint64_t count, uint64_t inherited);
  void DropEvicted(Topic topic, uint64_t number, DropReason reason);
  uint64_t MakeRoom(Topic for_topic, uint64_t bytes);
  bool EvictSome(Topic topic, uint64_t bytes);
  void TakeFrom(Topic topic, size_t events_max, uint64_t& bytes_left,
                std::vector<SpooledEvent>& out);
  bool HandOut(Topic topic, StoredEvent& stored, std::vector<SpooledEvent>& out);
  void NoteEnd(Topic topic);
  void NoteAge(Shelf& shelf, uint64_t number, int64_t made_ms);

  const SpoolOptions options_;
  ExportAccounts& accounts_;
  MessageLog& log_;
  std::unique_ptr<SpoolStore> store_;  // null: failed
  std::array<Shelf, kTopicCount> shelves_;
  uint64_t next_number_ = 1;
  uint64_t inherited_below_ = 1;
  uint64_t void_from_ = 0;  // given in vain since the last commit that went well; 0: none
  uint64_t quarantined_ = 0;
  bool unsynced_ = false;
  bool closing_ = false;
  bool loaded_ = false;
  std::vector<StoredEvent> read_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_SPOOL_H_
