#include "sensor/export/spool_store.h"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sensor/export/spool_disk.h"
#include "sensor/export/spool_entry.h"

namespace vedette {
namespace {

constexpr char kNextKey[] = "next";
// A repair knows the topics by their files alone: each has one, with this entry that is none.
constexpr uint64_t kKeeper = 0;
constexpr size_t kDamagedKeptMax = 256;

absl::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status StatusOf(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat(what, ": ", status.ToString());
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit)
    return absl::ResourceExhaustedError(message);
  if (status.IsCorruption()) return absl::DataLossError(message);
  return absl::UnavailableError(message);
}

// Drops what lies below the mark when files are rewritten: no tombstones for what leaves in order.
class LowMarkFilter final : public rocksdb::CompactionFilter {
 public:
  const char* Name() const override { return "vedette.low_mark"; }
  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& /*value*/,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    const auto number = DecodeSpoolKey(View(key));
    return number.has_value() && *number != kKeeper &&
           *number < low_.load(std::memory_order_relaxed);
  }
  // Only what a power loss cannot take back.
  void SetLow(uint64_t low) { low_.store(low, std::memory_order_relaxed); }
  uint64_t low() const { return low_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> low_ = 0;
};

std::string MarkText(const SpoolMark& mark) {
  return absl::StrCat(mark.low, " ", mark.entries, " ", mark.bytes);
}

bool ParseMark(absl::string_view text, SpoolMark& mark) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ');
  return parts.size() == 3 && absl::SimpleAtoi(parts[0], &mark.low) &&
         absl::SimpleAtoi(parts[1], &mark.entries) && absl::SimpleAtoi(parts[2], &mark.bytes);
}

bool IsDamage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound() ||
         status.IsInvalidArgument();
}

class RocksStore final : public SpoolStore {
 public:
  RocksStore(std::string folder, std::shared_ptr<rocksdb::FileSystem> file_system)
      : folder_(std::move(folder)), on_disk_(file_system == nullptr) {
    if (on_disk_) file_system = PrivateFiles();
    env_ = rocksdb::NewCompositeEnv(file_system);
  }
  ~RocksStore() override { Close(); }

  absl::Status Open();
  const std::array<SpoolMark, kTopicCount>& marks() const override { return marks_; }
  uint64_t next_number() const override { return next_number_; }
  const std::string& damage() const override { return damage_; }
  const std::string& set_aside() const override { return set_aside_; }
  absl::Status Commit(SpoolBatch& batch) override;
  absl::Status Sync() override;
  absl::StatusOr<Position> Read(Topic topic, uint64_t from, size_t max,
                                std::vector<StoredEvent>& out) override;
  void KeepDamaged(Topic topic, uint64_t number) override;
  void Reclaim() override;

 private:
  rocksdb::Status TryOpen();
  absl::Status MakeKeepers();
  absl::Status LoadMarks();
  absl::Status Recount(Topic topic, SpoolMark& mark);
  void SetAside();
  void Close();
  uint64_t PastDamage(rocksdb::Iterator& iterator, uint64_t from) const;
  rocksdb::ColumnFamilyHandle* Family(Topic topic) const { return families_[1 + Index(topic)]; }
  std::vector<rocksdb::ColumnFamilyDescriptor> Descriptors();

  const std::string folder_;
  const bool on_disk_;  // not on a made-up one
  std::unique_ptr<rocksdb::Env> env_;
  std::array<LowMarkFilter, kTopicCount> filters_;  // outlive the database
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // that of the marks, then by topic
  std::array<SpoolMark, kTopicCount> marks_;            // as committed
  std::array<uint64_t, kTopicCount> reclaimed_{};
  uint64_t next_number_ = 1;
  std::string damage_, set_aside_;
  size_t damaged_kept_ = 0;
};

std::vector<rocksdb::ColumnFamilyDescriptor> RocksStore::Descriptors() {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, SpoolFamilyOptions());
  for (size_t i = 0; i < kTopicCount; ++i) {
    rocksdb::ColumnFamilyOptions options = SpoolFamilyOptions();
    options.compaction_filter = &filters_[i];
    descriptors.emplace_back(std::string(kTopicStems[i]), options);
  }
  return descriptors;
}

rocksdb::Status RocksStore::TryOpen() {
  rocksdb::DB* db = nullptr;
  families_.clear();
  const rocksdb::Status status =
      rocksdb::DB::Open(SpoolDatabaseOptions(env_.get()), folder_, Descriptors(), &families_, &db);
  db_.reset(db);
  return status;
}

absl::Status RocksStore::Open() {
  if (on_disk_) {
    if (const absl::Status made = MakePrivateFolder(folder_); !made.ok()) return made;
  }
  rocksdb::Status status = TryOpen();
  if (!status.ok() && IsDamage(status)) {
    damage_ = status.ToString();
    status = rocksdb::RepairDB(folder_, SpoolDatabaseOptions(env_.get()), Descriptors());
    if (status.ok()) status = TryOpen();
    if (!status.ok() && IsDamage(status)) {
      absl::StrAppend(&damage_, "; its repair: ", status.ToString());
      SetAside();
      status = TryOpen();
    }
  }
  if (!status.ok()) return StatusOf(status, folder_);
  if (const absl::Status made = MakeKeepers(); !made.ok()) return made;
  return LoadMarks();
}

absl::Status RocksStore::MakeKeepers() {
  for (size_t i = 0; i < kTopicCount; ++i) {
    rocksdb::ColumnFamilyHandle* const family = Family(static_cast<Topic>(i));
    rocksdb::ColumnFamilyMetaData about;
    db_->GetColumnFamilyMetaData(family, &about);
    if (about.file_count != 0) continue;
    rocksdb::Status status = db_->Put({}, family, EncodeSpoolKey(kKeeper), "");
    if (status.ok()) status = db_->Flush({}, family);
    if (!status.ok()) return StatusOf(status, folder_);
  }
  return absl::OkStatus();
}

void RocksStore::SetAside() {
  set_aside_ = absl::StrCat(folder_, ".damaged-", absl::ToUnixSeconds(absl::Now()));
  env_->RenameFile(folder_, set_aside_).PermitUncheckedError();
  if (on_disk_) static_cast<void>(MakePrivateFolder(folder_));
}

absl::Status RocksStore::LoadMarks() {
  const rocksdb::ReadOptions options;
  std::string text;
  if (db_->Get(options, families_[0], kNextKey, &text).ok() &&
      !absl::SimpleAtoi(text, &next_number_)) {
    next_number_ = 1;
  }
  for (size_t i = 0; i < kTopicCount; ++i) {
    const Topic topic = static_cast<Topic>(i);
    const bool known = db_->Get(options, families_[0], std::string(kTopicStems[i]), &text).ok() &&
                       ParseMark(text, marks_[i]);
    const std::unique_ptr<rocksdb::Iterator> last(db_->NewIterator(options, Family(topic)));
    last->SeekToLast();
    if (last->Valid()) {
      next_number_ = std::max(next_number_, DecodeSpoolKey(View(last->key())).value_or(0) + 1);
    }
    next_number_ = std::max(next_number_, marks_[i].low);
    if (!known) {
      if (const absl::Status counted = Recount(topic, marks_[i]); !counted.ok()) return counted;
    }
    filters_[i].SetLow(marks_[i].low);
  }
  return absl::OkStatus();
}

absl::Status RocksStore::Recount(Topic topic, SpoolMark& mark) {
  constexpr size_t kChunk = 1'000;
  mark = {};
  std::vector<StoredEvent> entries;
  for (Position at{.next = 1}; !at.end;) {
    entries.clear();
    const absl::StatusOr<Position> position = Read(topic, at.next, kChunk, entries);
    if (!position.ok()) return position.status();
    for (const StoredEvent& entry : entries) {
      ++mark.entries;
      mark.bytes += entry.bytes;
    }
    at = *position;
  }
  return absl::OkStatus();
}

absl::Status RocksStore::Commit(SpoolBatch& batch) {
  rocksdb::WriteBatch writes;
  std::string value;
  if (batch.void_from != batch.void_to) {
    for (size_t i = 0; i < kTopicCount; ++i) {
      writes
          .DeleteRange(Family(static_cast<Topic>(i)), EncodeSpoolKey(batch.void_from),
                       EncodeSpoolKey(batch.void_to))
          .PermitUncheckedError();
    }
  }
  for (SpoolBatch::Put& put : batch.puts) {
    EncodeSpoolValue(*put.event, put.number, value);
    writes.Put(Family(put.event->topic), EncodeSpoolKey(put.number), value).PermitUncheckedError();
  }
  for (size_t i = 0; i < kTopicCount; ++i) {
    for (const uint64_t number : batch.topics[i].deletes) {
      writes.Delete(Family(static_cast<Topic>(i)), EncodeSpoolKey(number)).PermitUncheckedError();
    }
    if (batch.topics[i].mark.has_value()) {
      writes.Put(families_[0], std::string(kTopicStems[i]), MarkText(*batch.topics[i].mark))
          .PermitUncheckedError();
    }
  }
  writes.Put(families_[0], kNextKey, absl::StrCat(batch.next_number)).PermitUncheckedError();
  const rocksdb::Status status = db_->Write({}, &writes);
  if (!status.ok()) return StatusOf(status, folder_);
  for (size_t i = 0; i < kTopicCount; ++i) {
    if (batch.topics[i].mark.has_value()) marks_[i] = *batch.topics[i].mark;
  }
  return absl::OkStatus();
}

absl::Status RocksStore::Sync() {
  const rocksdb::Status status = db_->SyncWAL();
  if (!status.ok()) return StatusOf(status, folder_);
  for (size_t i = 0; i < kTopicCount; ++i) filters_[i].SetLow(marks_[i].low);
  return absl::OkStatus();
}

absl::StatusOr<SpoolStore::Position> RocksStore::Read(Topic topic, uint64_t from, size_t max,
                                                      std::vector<StoredEvent>& out) {
  rocksdb::ReadOptions options;
  options.readahead_size = 1 << 20;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator(options, Family(topic)));
  iterator->Seek(EncodeSpoolKey(from));
  for (size_t read = 0; read < max;) {
    if (!iterator->Valid()) {
      if (iterator->status().ok()) return Position{.next = from, .end = true};
      if (!iterator->status().IsCorruption()) return StatusOf(iterator->status(), folder_);
      from = PastDamage(*iterator, from);
      if (from >= next_number_) return Position{.next = from, .end = true};
      continue;
    }
    const absl::string_view value = View(iterator->value());
    const uint64_t number = DecodeSpoolKey(View(iterator->key())).value_or(from);
    out.push_back({.number = number,
                   .bytes = iterator->key().size() + value.size(),
                   .event = DecodeSpoolValue(topic, number, value)});
    from = number + 1;
    ++read;
    iterator->Next();
  }
  return Position{.next = from, .end = false};
}

// The first number from which on it can be read again: by doubling steps, then halving them.
uint64_t RocksStore::PastDamage(rocksdb::Iterator& iterator, uint64_t from) const {
  const auto readable = [&iterator](uint64_t number) {
    iterator.Seek(EncodeSpoolKey(number));
    return iterator.Valid() || iterator.status().ok();
  };
  uint64_t bad = from, step = 1;
  while (!readable(bad + step)) {
    bad += step;
    if (bad >= next_number_) return bad;
    step *= 2;
  }
  uint64_t good = bad + step;
  while (good - bad > 1) {
    const uint64_t middle = bad + (good - bad) / 2;
    (readable(middle) ? good : bad) = middle;
  }
  readable(good);
  return good;
}

void RocksStore::KeepDamaged(Topic topic, uint64_t number) {
  if (damaged_kept_ >= kDamagedKeptMax) return;
  std::string value;
  const std::string key = EncodeSpoolKey(number);
  if (!db_->Get({}, Family(topic), key, &value).ok()) return;
  const std::string name = absl::StrCat("damaged/", kTopicStems[Index(topic)], "/", number);
  if (db_->Put({}, families_[0], name, value).ok()) ++damaged_kept_;
}

void RocksStore::Reclaim() {
  constexpr uint64_t kNumbersMin = 50'000;
  for (size_t i = 0; i < kTopicCount; ++i) {
    const uint64_t low = filters_[i].low();
    const bool empty = marks_[i].entries == 0;
    if (low < reclaimed_[i] + kNumbersMin) continue;
    reclaimed_[i] = low;
    const std::string begin = EncodeSpoolKey(kKeeper + 1), end = EncodeSpoolKey(low);
    const rocksdb::Slice first(begin), last(end);
    rocksdb::DeleteFilesInRange(db_.get(), Family(static_cast<Topic>(i)), &first, &last, false)
        .PermitUncheckedError();
    if (!empty) continue;
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    db_->CompactRange(options, Family(static_cast<Topic>(i)), &first, &last).PermitUncheckedError();
  }
}

void RocksStore::Close() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  families_.clear();
  db_->Close().PermitUncheckedError();
  db_.reset();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SpoolStore>> SpoolStore::Open(
    const std::string& folder, std::shared_ptr<rocksdb::FileSystem> file_system) {
  auto store = std::make_unique<RocksStore>(folder, std::move(file_system));
  if (const absl::Status opened = store->Open(); !opened.ok()) return opened;
  return store;
}

}  // namespace vedette
