#include "tests/sensor/export/torn_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vedette {
namespace {

using rocksdb::Slice;
using Status = TornDisk::Status;

Status Dead() { return Status::IOError("the power is gone"); }

class Reader final : public rocksdb::FSSequentialFile, public rocksdb::FSRandomAccessFile {
 public:
  Reader(const TornDisk& disk, std::shared_ptr<TornDisk::File> file)
      : disk_(disk), file_(std::move(file)) {}
  Status Read(uint64_t at, size_t n, const rocksdb::IOOptions&, Slice* result, char* scratch,
              rocksdb::IODebugContext*) const override {
    disk_.Locked([&] {
      const std::string& bytes = file_->bytes;
      const size_t begin = std::min<size_t>(at, bytes.size());
      const size_t count = std::min(n, bytes.size() - begin);
      std::memcpy(scratch, bytes.data() + begin, count);
      *result = Slice(scratch, count);
    });
    return Status::OK();
  }
  Status Read(size_t n, const rocksdb::IOOptions& options, Slice* result, char* scratch,
              rocksdb::IODebugContext* context) override {
    const Status status = Read(at_, n, options, result, scratch, context);
    at_ += result->size();
    return status;
  }
  Status Skip(uint64_t n) override {
    at_ += n;
    return Status::OK();
  }
  bool use_direct_io() const override { return false; }
  size_t GetRequiredBufferAlignment() const override { return 1; }
  Status InvalidateCache(size_t, size_t) override { return Status::OK(); }

 private:
  const TornDisk& disk_;
  std::shared_ptr<TornDisk::File> file_;
  uint64_t at_ = 0;
};

// The library wants objects of one base each.
class Sequential final : public rocksdb::FSSequentialFile {
 public:
  explicit Sequential(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
  Status Read(size_t n, const rocksdb::IOOptions& options, Slice* result, char* scratch,
              rocksdb::IODebugContext* context) override {
    return reader_->Read(n, options, result, scratch, context);
  }
  Status Skip(uint64_t n) override { return reader_->Skip(n); }

 private:
  std::unique_ptr<Reader> reader_;
};

class RandomAccess final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccess(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
  Status Read(uint64_t at, size_t n, const rocksdb::IOOptions& options, Slice* result,
              char* scratch, rocksdb::IODebugContext* context) const override {
    return reader_->Read(at, n, options, result, scratch, context);
  }

 private:
  std::unique_ptr<Reader> reader_;
};

class Writer final : public rocksdb::FSWritableFile {
 public:
  Writer(TornDisk& disk, std::shared_ptr<TornDisk::File> file)
      : disk_(disk), file_(std::move(file)) {}
  using FSWritableFile::Append;
  Status Append(const Slice& data, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return disk_.Append(*file_, data);
  }
  Status Truncate(uint64_t size, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    disk_.Locked([&] {
      file_->bytes.resize(std::min<size_t>(size, file_->bytes.size()));
      file_->synced = std::min(file_->synced, file_->bytes.size());
    });
    return Status::OK();
  }
  Status Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return Status::OK();
  }
  Status Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return Status::OK();
  }
  Status Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return disk_.Sync(*file_);
  }
  Status Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return disk_.Sync(*file_);
  }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return disk_.Locked([&] { return file_->bytes.size(); });
  }

 private:
  TornDisk& disk_;
  std::shared_ptr<TornDisk::File> file_;
};

class Folder final : public rocksdb::FSDirectory {
 public:
  explicit Folder(TornDisk& disk) : disk_(disk) {}
  Status Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return disk_.SyncNames();
  }

 private:
  TornDisk& disk_;
};

}  // namespace

bool TornDisk::Powered() {
  if (dead_) return false;
  if (countdown_-- == 0) dead_ = true;
  return !dead_;
}

Status TornDisk::Append(File& file, const Slice& data) {
  return Locked([&] {
    if (!Powered()) return Dead();
    if (full_) return Status::NoSpace("the made-up disk is full");
    file.bytes.append(data.data(), data.size());
    return Status::OK();
  });
}

Status TornDisk::Sync(File& file) {
  return Locked([&] {
    if (!Powered()) return Dead();
    file.synced = file.bytes.size();
    return Status::OK();
  });
}

Status TornDisk::SyncNames() {
  return Locked([&] {
    if (!Powered()) return Dead();
    synced_ = names_;
    since_.clear();
    return Status::OK();
  });
}

// Names: those of the last sync and some of the changes since, in their order, as a journal keeps
// them. Bytes: all that were synced; of the rest a part, whose sectors may hold anything.
void TornDisk::Crash(std::mt19937_64& random) {
  Locked([&] {
    const size_t kept = random() % (since_.size() + 1);
    names_ = kept == 0 ? synced_ : since_[kept - 1];
    synced_ = names_;
    since_.clear();
    for (auto& [name, file] : names_) {
      auto after = std::make_shared<File>(*file);
      const size_t unsynced = after->bytes.size() - after->synced;
      if (unsynced != 0) {
        after->bytes.resize(after->synced + random() % (unsynced + 1));
        constexpr size_t kSector = 512;
        for (size_t at = after->synced; at < after->bytes.size(); at += kSector) {
          if (random() % 4 != 0) continue;
          const size_t end = std::min(at + kSector, after->bytes.size());
          for (size_t i = at; i < end; ++i) after->bytes[i] = random() % 2 == 0 ? 0 : 'x';
        }
      }
      after->synced = after->bytes.size();
      file = std::move(after);
    }
    dead_ = full_ = false;
    countdown_ = UINT64_MAX;
  });
}

bool TornDisk::DamageOne(const std::string& suffix, std::mt19937_64& random) {
  return Locked([&] {
    std::vector<File*> files;
    for (auto& [name, file] : names_) {
      if (name.ends_with(suffix) && !file->bytes.empty()) files.push_back(file.get());
    }
    if (files.empty()) return false;
    std::string& bytes = files[random() % files.size()]->bytes;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
    return true;
  });
}

uint64_t TornDisk::bytes() const {
  return Locked([&] {
    uint64_t sum = 0;
    for (const auto& [name, file] : names_) sum += file->bytes.size();
    return sum;
  });
}

Status TornDisk::NewSequentialFile(const std::string& name, const FileOptions&,
                                   std::unique_ptr<rocksdb::FSSequentialFile>* made, Context*) {
  auto file = Locked([&] { return names_.contains(name) ? names_.at(name) : nullptr; });
  if (file == nullptr) return Status::PathNotFound(name);
  *made = std::make_unique<Sequential>(std::make_unique<Reader>(*this, std::move(file)));
  return Status::OK();
}

Status TornDisk::NewRandomAccessFile(const std::string& name, const FileOptions&,
                                     std::unique_ptr<rocksdb::FSRandomAccessFile>* made, Context*) {
  auto file = Locked([&] { return names_.contains(name) ? names_.at(name) : nullptr; });
  if (file == nullptr) return Status::PathNotFound(name);
  *made = std::make_unique<RandomAccess>(std::make_unique<Reader>(*this, std::move(file)));
  return Status::OK();
}

Status TornDisk::NewWritableFile(const std::string& name, const FileOptions&,
                                 std::unique_ptr<rocksdb::FSWritableFile>* made, Context*) {
  auto file = std::make_shared<File>();
  const bool done = Locked([&] {
    if (!Powered()) return false;
    names_[name] = file;
    since_.push_back(names_);
    return true;
  });
  if (!done) return Dead();
  *made = std::make_unique<Writer>(*this, std::move(file));
  return Status::OK();
}

Status TornDisk::ReopenWritableFile(const std::string& name, const FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* made,
                                    Context* context) {
  auto file = Locked([&] { return names_.contains(name) ? names_.at(name) : nullptr; });
  if (file == nullptr) return NewWritableFile(name, options, made, context);
  *made = std::make_unique<Writer>(*this, std::move(file));
  return Status::OK();
}

Status TornDisk::NewDirectory(const std::string&, const IOOptions&,
                              std::unique_ptr<rocksdb::FSDirectory>* made, Context*) {
  *made = std::make_unique<Folder>(*this);
  return Status::OK();
}

Status TornDisk::FileExists(const std::string& name, const IOOptions&, Context*) {
  return Locked([&] { return names_.contains(name) ? Status::OK() : Status::NotFound(name); });
}

Status TornDisk::GetChildren(const std::string& folder, const IOOptions&,
                             std::vector<std::string>* names, Context*) {
  names->clear();
  const std::string begin = folder.ends_with('/') ? folder : folder + "/";
  Locked([&] {
    for (const auto& [name, file] : names_) {
      if (name.starts_with(begin)) names->push_back(name.substr(begin.size()));
    }
  });
  return Status::OK();
}

Status TornDisk::DeleteFile(const std::string& name, const IOOptions&, Context*) {
  return Locked([&] {
    if (!Powered()) return Dead();
    if (names_.erase(name) == 0) return Status::PathNotFound(name);
    since_.push_back(names_);
    return Status::OK();
  });
}

Status TornDisk::GetFileSize(const std::string& name, const IOOptions&, uint64_t* size, Context*) {
  return Locked([&] {
    if (!names_.contains(name)) return Status::PathNotFound(name);
    *size = names_.at(name)->bytes.size();
    return Status::OK();
  });
}

// Of a folder too: everything in it.
Status TornDisk::RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                            Context*) {
  return Locked([&] {
    if (!Powered()) return Dead();
    Names renamed;
    for (const auto& [name, file] : names_) {
      if (name == from || name.starts_with(from + "/")) {
        renamed[to + name.substr(from.size())] = file;
      }
    }
    if (renamed.empty()) return Status::PathNotFound(from);
    std::erase_if(names_, [&](const auto& entry) {
      return entry.first == from || entry.first.starts_with(from + "/");
    });
    for (auto& [name, file] : renamed) names_[name] = file;
    since_.push_back(names_);
    return Status::OK();
  });
}

Status TornDisk::LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock,
                          Context*) {
  *lock = new rocksdb::FileLock();
  return Status::OK();
}

Status TornDisk::UnlockFile(rocksdb::FileLock* lock, const IOOptions&, Context*) {
  delete lock;
  return Status::OK();
}

}  // namespace vedette
