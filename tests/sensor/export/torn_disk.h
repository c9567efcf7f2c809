// A disk that exists in memory and can lose its power: what was not synced is lost, torn or
// garbled, names that were not synced may be gone. Also one that is full, and one that hands back
// other bytes than it was given. Any thread.
#ifndef VEDETTE_TESTS_SENSOR_EXPORT_TORN_DISK_H_
#define VEDETTE_TESTS_SENSOR_EXPORT_TORN_DISK_H_

#include <rocksdb/file_system.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace vedette {

class TornDisk : public rocksdb::FileSystem {
 public:
  using Status = rocksdb::IOStatus;
  using FileOptions = rocksdb::FileOptions;
  using IOOptions = rocksdb::IOOptions;
  using Context = rocksdb::IODebugContext;

  struct File {
    std::string bytes;
    size_t synced = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  const char* Name() const override { return "TornDisk"; }

  // After so many more operations that write, nothing works any more, as if the power were gone.
  void FailAfter(uint64_t operations) { SetCountdown(operations); }
  bool failed() const {
    const std::lock_guard lock(mutex_);
    return dead_;
  }
  // Power is back: what the disk has kept.
  void Crash(std::mt19937_64& random);
  void SetFull(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }
  // Changes one byte of a file whose name ends so; false: there is none with bytes.
  bool DamageOne(const std::string& suffix, std::mt19937_64& random);
  uint64_t bytes() const;

  Status NewSequentialFile(const std::string& name, const FileOptions&,
                           std::unique_ptr<rocksdb::FSSequentialFile>* made, Context*) override;
  Status NewRandomAccessFile(const std::string& name, const FileOptions&,
                             std::unique_ptr<rocksdb::FSRandomAccessFile>* made, Context*) override;
  Status NewWritableFile(const std::string& name, const FileOptions&,
                         std::unique_ptr<rocksdb::FSWritableFile>* made, Context*) override;
  Status ReopenWritableFile(const std::string& name, const FileOptions&,
                            std::unique_ptr<rocksdb::FSWritableFile>* made, Context*) override;
  Status NewDirectory(const std::string& name, const IOOptions&,
                      std::unique_ptr<rocksdb::FSDirectory>* made, Context*) override;
  Status FileExists(const std::string& name, const IOOptions&, Context*) override;
  Status GetChildren(const std::string& folder, const IOOptions&, std::vector<std::string>* names,
                     Context*) override;
  Status DeleteFile(const std::string& name, const IOOptions&, Context*) override;
  Status CreateDir(const std::string&, const IOOptions&, Context*) override { return Status::OK(); }
  Status CreateDirIfMissing(const std::string&, const IOOptions&, Context*) override {
    return Status::OK();
  }
  Status DeleteDir(const std::string&, const IOOptions&, Context*) override { return Status::OK(); }
  Status GetFileSize(const std::string& name, const IOOptions&, uint64_t* size, Context*) override;
  Status GetFileModificationTime(const std::string&, const IOOptions&, uint64_t* time,
                                 Context*) override {
    *time = 0;
    return Status::OK();
  }
  Status RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                    Context*) override;
  Status LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock,
                  Context*) override;
  Status UnlockFile(rocksdb::FileLock* lock, const IOOptions&, Context*) override;
  Status GetTestDirectory(const IOOptions&, std::string* path, Context*) override {
    *path = "/test";
    return Status::OK();
  }
  Status GetAbsolutePath(const std::string& name, const IOOptions&, std::string* path,
                         Context*) override {
    *path = name;
    return Status::OK();
  }
  Status IsDirectory(const std::string&, const IOOptions&, bool* is, Context*) override {
    *is = false;
    return Status::OK();
  }
  Status NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* made,
                   Context*) override {
    made->reset();
    return Status::NotSupported("no log");
  }

  // Of the files of this disk.
  Status Append(File& file, const rocksdb::Slice& data);
  Status Sync(File& file);
  Status SyncNames();
  template <typename Action>
  auto Locked(Action action) const {
    const std::lock_guard lock(mutex_);
    return action();
  }

 private:
  void SetCountdown(uint64_t operations) {
    const std::lock_guard lock(mutex_);
    countdown_ = operations;
  }
  // Counts an operation that writes; false: the power is gone.
  bool Powered();

  mutable std::mutex mutex_;
  Names names_;               // as programs see them
  Names synced_;              // as they were at the last sync of the folder
  std::vector<Names> since_;  // after each change of names since then
  uint64_t countdown_ = UINT64_MAX;
  bool dead_ = false, full_ = false;
};

}  // namespace vedette
#endif  // VEDETTE_TESTS_SENSOR_EXPORT_TORN_DISK_H_
