#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sensor/export/spool.h"

namespace vedette {

void Spool::Take(const std::array<bool, kTopicCount>& wanted, size_t events_max, uint64_t bytes_max,
                 std::vector<SpooledEvent>& out) {
  if (store_ == nullptr) return;
  const size_t limit = out.size() + events_max;
  for (const Topic topic : kTopicsByWorth) {
    if (!wanted[Index(topic)]) continue;
    const Shelf& shelf = ShelfOf(topic);
    while (store_ != nullptr && out.size() < limit && bytes_max != 0 &&
           shelf.entries > shelf.out.size()) {
      TakeFrom(topic, limit - out.size(), bytes_max, out);
    }
  }
}

void Spool::TakeFrom(Topic topic, size_t events_max, uint64_t& bytes_left,
                     std::vector<SpooledEvent>& out) {
  Shelf& shelf = ShelfOf(topic);
  read_.clear();
  const auto position = store_->Read(topic, shelf.cursor, std::min(events_max, kReadChunk), read_);
  if (!position.ok()) {
    log_.Say("spool_read", absl::StrCat("spool: ", position.status().message()));
    store_.reset();
    return;
  }
  for (StoredEvent& stored : read_) {
    if (bytes_left == 0) return;
    shelf.cursor = stored.number + 1;
    if (HandOut(topic, stored, out)) bytes_left -= std::min(bytes_left, stored.bytes);
  }
  shelf.cursor = std::max(shelf.cursor, position->next);
  if (position->end) NoteEnd(topic);
}

bool Spool::HandOut(Topic topic, StoredEvent& stored, std::vector<SpooledEvent>& out) {
  Shelf& shelf = ShelfOf(topic);
  if (shelf.out.contains(stored.number) || shelf.removed.contains(stored.number)) return false;
  if (!stored.event.has_value()) {
    ++quarantined_;
    store_->KeepDamaged(topic, stored.number);
    Forget(topic, stored.number, stored.bytes);
    DropEvicted(topic, stored.number, DropReason::kSpoolDamaged);
    return false;
  }
  shelf.out.emplace(stored.number, Entry{stored.bytes});
  if (shelf.out.size() > shelf.entries) {  // a mark was lost: more lies here than it said
    ++shelf.entries;
    shelf.bytes += stored.bytes;
    if (Inherited(stored.number)) ++shelf.inherited;
  }
  out.push_back({stored.number, std::make_shared<const ExportEvent>(*std::move(stored.event))});
  return true;
}

// The topic has been read to its end: what it should have held beside is not to be had.
void Spool::NoteEnd(Topic topic) {
  Shelf& shelf = ShelfOf(topic);
  if (shelf.entries <= shelf.out.size()) return;
  const uint64_t lost = shelf.entries - shelf.out.size();
  uint64_t out_bytes = 0, out_inherited = 0;
  for (const auto& [number, entry] : shelf.out) {
    out_bytes += entry.bytes;
    if (Inherited(number)) ++out_inherited;
  }
  const uint64_t inherited =
      std::min(lost, shelf.inherited - std::min(shelf.inherited, out_inherited));
  LoseDamaged(topic, lost - inherited, inherited);
  shelf.entries = shelf.out.size();
  shelf.bytes = out_bytes;
  shelf.inherited = out_inherited;
  shelf.changed = true;
}

void Spool::LoseDamaged(Topic topic, uint64_t own, uint64_t inherited) {
  quarantined_ += own + inherited;
  if (own != 0) accounts_.Dropped(topic, DropReason::kSpoolDamaged, own);
  if (inherited != 0) accounts_.InheritedDropped(inherited);
  log_.Say("spool_damaged",
           absl::StrCat("spool: ", own + inherited, " events could not be read back from disk"));
}

void Spool::Return(Topic topic, uint64_t number) {
  Shelf& shelf = ShelfOf(topic);
  if (shelf.out.erase(number) != 0) shelf.cursor = std::min(shelf.cursor, number);
}

void Spool::Remove(Topic topic, uint64_t number) {
  Shelf& shelf = ShelfOf(topic);
  const auto found = shelf.out.find(number);
  if (found == shelf.out.end()) return;
  const uint64_t bytes = found->second.bytes;
  shelf.out.erase(found);
  Forget(topic, number, bytes);
}

}  // namespace vedette
