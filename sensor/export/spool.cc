#include "sensor/export/spool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sensor/export/spool_entry.h"

namespace vedette {
namespace {

// Beyond it something hangs that is older than all of these.
constexpr size_t kRemovedMax = 200'000;

}  // namespace

Spool::Spool(SpoolOptions options, ExportAccounts& accounts, MessageLog& log)
    : options_(std::move(options)), accounts_(accounts), log_(log) {}

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(SpoolOptions options, ExportAccounts& accounts,
                                                   MessageLog& log) {
  std::unique_ptr<Spool> spool(new Spool(std::move(options), accounts, log));
  const absl::Status opened = spool->OpenStore();
  if (absl::IsResourceExhausted(opened)) {
    log.Say("spool_failed", absl::StrCat("spool: takes nothing for now: ", opened.message()));
  } else if (!opened.ok()) {
    return opened;
  }
  return spool;
}

// What a repair gives up is counted where the marks still tell of it, and cannot be where they are
// lost too.
void Spool::SayIfDamaged() {
  if (store_->damage().empty()) return;
  ++quarantined_;
  log_.Say(
      "spool_repaired",
      store_->set_aside().empty()
          ? absl::StrCat("spool: was damaged and is repaired; what lay in its damaged files is "
                         "lost: ",
                         store_->damage())
          : absl::StrCat("spool: damaged beyond repair, begun anew; the old one is kept as ",
                         store_->set_aside(), ": ", store_->damage()));
}

// What an earlier run left is known once, when it is first seen.
void Spool::Load() {
  loaded_ = true;
  next_number_ = store_->next_number();
  inherited_below_ = next_number_;
  for (size_t i = 0; i < kTopicCount; ++i) LoadShelf(static_cast<Topic>(i));
}

Spool::~Spool() {
  closing_ = true;
  for (Shelf& shelf : shelves_) shelf.changed |= !shelf.removed.empty();
  if (store_ != nullptr) Sync().IgnoreError();
}

absl::Status Spool::OpenStore() {
  absl::StatusOr<std::unique_ptr<SpoolStore>> store =
      SpoolStore::Open(options_.folder, options_.file_system);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  SayIfDamaged();
  if (!loaded_) Load();
  return absl::OkStatus();
}

void Spool::LoadShelf(Topic topic) {
  Shelf& shelf = ShelfOf(topic);
  const SpoolMark& mark = store_->marks()[Index(topic)];
  shelf.low = shelf.cursor = std::max<uint64_t>(mark.low, 1);
  shelf.entries = shelf.inherited = mark.entries;
  shelf.bytes = mark.bytes;
  if (shelf.entries == 0) return;
  read_.clear();
  if (store_->Read(topic, shelf.low, 1, read_).ok() && !read_.empty() && read_[0].event) {
    NoteAge(shelf, read_[0].number, read_[0].event->made_ms);
  }
}

// One note a second is fine enough.
void Spool::NoteAge(Shelf& shelf, uint64_t number, int64_t made_ms) {
  constexpr int64_t kStepMs = 1'000;
  if (!shelf.ages.empty() && made_ms < shelf.ages.back().made_ms + kStepMs) return;
  shelf.ages.push_back({number, made_ms});
}

// All of the shelves that a commit would write down.
void Spool::Fill(SpoolBatch& batch) {
  batch.next_number = next_number_;
  if (void_from_ != 0) {
    batch.void_from = void_from_;
    batch.void_to = batch.puts.empty() ? next_number_ : batch.puts.front().number;
  }
  for (size_t i = 0; i < kTopicCount; ++i) {
    Settle(static_cast<Topic>(i));
    Shelf& shelf = shelves_[i];
    if (!shelf.changed) continue;
    SpoolBatch::Topics& changes = batch.topics[i];
    changes.mark = SpoolMark{.low = shelf.low, .entries = shelf.entries, .bytes = shelf.bytes};
    if (closing_ || shelf.removed.size() > kRemovedMax) {
      for (const auto& [number, bytes] : shelf.removed) changes.deletes.push_back(number);
    } else {
      changes.mark->entries += shelf.removed.size();
      changes.mark->bytes += shelf.removed_bytes;
    }
  }
}

void Spool::ForgetBelow(Shelf& shelf) {
  while (!shelf.removed.empty() && shelf.removed.begin()->first < shelf.low) {
    shelf.removed_bytes -= shelf.removed.begin()->second;
    shelf.removed.erase(shelf.removed.begin());
  }
}

absl::Status Spool::Write(SpoolBatch& batch) {
  if (store_ == nullptr) return absl::UnavailableError("spool: closed after a failure");
  Fill(batch);
  if (const absl::Status status = store_->Commit(batch); !status.ok()) {
    store_.reset();
    return status;
  }
  for (size_t i = 0; i < kTopicCount; ++i) {
    shelves_[i].changed = false;
    if (batch.topics[i].deletes.empty()) continue;
    shelves_[i].removed.clear();
    shelves_[i].removed_bytes = 0;
  }
  void_from_ = 0;
  unsynced_ = true;
  return absl::OkStatus();
}

void Spool::Settle(Topic topic) {
  Shelf& shelf = ShelfOf(topic);
  // Nothing waits: whatever comes next has a higher number.
  if (shelf.entries <= shelf.out.size()) shelf.cursor = std::max(shelf.cursor, next_number_);
  uint64_t low = shelf.cursor;
  if (!shelf.out.empty()) low = std::min(low, shelf.out.begin()->first);
  if (low > shelf.low) {
    shelf.low = low;
    shelf.changed = true;
    ForgetBelow(shelf);
  }
  while (shelf.ages.size() > 1 && shelf.ages[1].number <= shelf.low) shelf.ages.pop_front();
  if (shelf.entries == 0) shelf.ages.clear();
}

void Spool::Forget(Topic topic, uint64_t number, uint64_t bytes) {
  Shelf& shelf = ShelfOf(topic);
  shelf.entries -= std::min<uint64_t>(shelf.entries, 1);
  shelf.bytes -= std::min(shelf.bytes, bytes);
  if (Inherited(number)) shelf.inherited -= std::min<uint64_t>(shelf.inherited, 1);
  if (shelf.removed.emplace(number, bytes).second) shelf.removed_bytes += bytes;
  shelf.changed = true;
}

void Spool::DropEvicted(Topic topic, uint64_t number, DropReason reason) {
  if (Inherited(number)) {
    accounts_.InheritedDropped();
  } else {
    accounts_.Dropped(topic, reason);
  }
}

// The oldest of a topic that are not on their way. False: there are none.
bool Spool::EvictSome(Topic topic, uint64_t bytes) {
  Shelf& shelf = ShelfOf(topic);
  if (shelf.entries <= shelf.out.size() || store_ == nullptr) return false;
  read_.clear();
  const auto position = store_->Read(topic, shelf.cursor, kReadChunk, read_);
  if (!position.ok()) return false;
  uint64_t freed = 0;
  for (const StoredEvent& stored : read_) {
    shelf.cursor = stored.number + 1;
    if (shelf.out.contains(stored.number) || shelf.removed.contains(stored.number)) continue;
    Forget(topic, stored.number, stored.bytes);
    DropEvicted(topic, stored.number,
                stored.event ? DropReason::kSpoolFull : DropReason::kSpoolDamaged);
    freed += stored.bytes;
    if (freed >= bytes) return true;
  }
  if (position->end) NoteEnd(topic);
  return freed != 0;
}

// Room for `bytes` of a topic, out of what is worth no more. Returns how much there is.
uint64_t Spool::MakeRoom(Topic for_topic, uint64_t wanted) {
  const auto room = [this] {
    const uint64_t used = bytes();
    return used < options_.bytes_max ? options_.bytes_max - used : 0;
  };
  for (size_t i = kTopicsByWorth.size(); i-- > 0 && room() < wanted;) {
    while (room() < wanted && EvictSome(kTopicsByWorth[i], wanted - room())) {
    }
    if (kTopicsByWorth[i] == for_topic) break;
  }
  return room();
}

absl::Status Spool::Append(absl::Span<const EventPointer> events, bool on_their_way,
                           std::vector<uint64_t>& numbers) {
  numbers.assign(events.size(), 0);
  if (store_ == nullptr) return absl::UnavailableError("spool: closed after a failure");
  SpoolBatch batch;
  std::array<uint64_t, kTopicCount> wanted{}, room{};
  constexpr uint64_t kFrameBytes = 41;  // number, sums and times of an entry
  for (const EventPointer& event : events) {
    wanted[Index(event->topic)] += kFrameBytes + event->key.size() + event->json.size();
  }
  uint64_t promised = 0;
  for (const Topic topic : kTopicsByWorth) {
    const uint64_t bytes = wanted[Index(topic)];
    if (bytes == 0) continue;
    const uint64_t found = MakeRoom(topic, promised + bytes);
    room[Index(topic)] = std::min(bytes, found - std::min(found, promised));
    promised += room[Index(topic)];
  }
  std::vector<size_t> dropped;
  const uint64_t first = next_number_;
  for (size_t i = 0; i < events.size(); ++i) {
    const uint64_t bytes = kFrameBytes + events[i]->key.size() + events[i]->json.size();
    uint64_t& left = room[Index(events[i]->topic)];
    if (left < bytes) {
      dropped.push_back(i);
      continue;
    }
    left -= bytes;
    numbers[i] = next_number_++;
    batch.puts.push_back({numbers[i], events[i], bytes});
    Shelf& shelf = ShelfOf(events[i]->topic);
    ++shelf.entries;
    shelf.bytes += bytes;
    shelf.changed = true;
    if (on_their_way) shelf.out.emplace(numbers[i], Entry{bytes});
  }
  if (const absl::Status written = Write(batch); !written.ok()) {
    TakeBack(batch, on_their_way, first);
    numbers.assign(events.size(), 0);
    return written;
  }
  for (const SpoolBatch::Put& put : batch.puts) {
    NoteAge(ShelfOf(put.event->topic), put.number, put.event->made_ms);
  }
  if (!on_their_way) {
    for (const size_t i : dropped) accounts_.Dropped(events[i]->topic, DropReason::kSpoolFull);
  }
  return absl::OkStatus();
}

// The numbers stay used: part of the batch may lie on disk all the same.
void Spool::TakeBack(const SpoolBatch& batch, bool on_their_way, uint64_t first) {
  for (const SpoolBatch::Put& put : batch.puts) {
    Shelf& shelf = ShelfOf(put.event->topic);
    --shelf.entries;
    shelf.bytes -= put.bytes;
    if (on_their_way) shelf.out.erase(put.number);
  }
  if (void_from_ == 0) void_from_ = first;
}

absl::Status Spool::Commit() {
  const bool changed = std::any_of(shelves_.begin(), shelves_.end(),
                                   [](const Shelf& shelf) { return shelf.changed; });
  if (!changed && void_from_ == 0) return absl::OkStatus();
  SpoolBatch batch;
  return Write(batch);
}

absl::Status Spool::Sync() {
  if (const absl::Status committed = Commit(); !committed.ok()) return committed;
  if (!unsynced_) return absl::OkStatus();
  const absl::Status synced =
      store_ == nullptr ? absl::UnavailableError("spool: closed after a failure") : store_->Sync();
  if (synced.ok()) {
    unsynced_ = false;
  } else {
    store_.reset();
  }
  return synced;
}

absl::Status Spool::Revive() {
  if (store_ != nullptr) return absl::OkStatus();
  if (const absl::Status opened = OpenStore(); !opened.ok()) return opened;
  next_number_ = std::max(next_number_, store_->next_number());
  for (Shelf& shelf : shelves_) shelf.changed = true;  // our figures are the right ones
  return Commit();
}

void Spool::Reclaim() {
  if (store_ != nullptr) store_->Reclaim();
}

uint64_t Spool::entries() const {
  uint64_t sum = 0;
  for (const Shelf& shelf : shelves_) sum += shelf.entries;
  return sum;
}

uint64_t Spool::bytes() const {
  uint64_t sum = 0;
  for (const Shelf& shelf : shelves_) sum += shelf.bytes;
  return sum;
}

uint64_t Spool::waiting() const {
  uint64_t sum = 0;
  for (const Shelf& shelf : shelves_)
    sum += shelf.entries - std::min<uint64_t>(shelf.entries, shelf.out.size());
  return sum;
}

int64_t Spool::oldest_made_ms() const {
  int64_t oldest = 0;
  for (const Shelf& shelf : shelves_) {
    if (shelf.entries == 0 || shelf.ages.empty()) continue;
    const int64_t made_ms = shelf.ages.front().made_ms;
    oldest = oldest == 0 ? made_ms : std::min(oldest, made_ms);
  }
  return oldest;
}

}  // namespace vedette
