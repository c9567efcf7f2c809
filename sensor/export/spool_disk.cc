#include "sensor/export/spool_disk.h"

#include <rocksdb/table.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

// The library's own log would be one more file in the folder; what matters comes as a status.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

// The machine's own files, for their owner alone.
class OwnersFiles final : public rocksdb::FileSystemWrapper {
 public:
  using Options = rocksdb::FileOptions;
  using Context = rocksdb::IODebugContext;
  using Writable = std::unique_ptr<rocksdb::FSWritableFile>;

  OwnersFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "vedette.private_files"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const Options& options, Writable* made,
                                    Context* context) override {
    return Close(name, target()->NewWritableFile(name, options, made, context));
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const Options& options,
                                       Writable* made, Context* context) override {
    return Close(name, target()->ReopenWritableFile(name, options, made, context));
  }
  rocksdb::IOStatus LockFile(const std::string& name, const rocksdb::IOOptions& options,
                             rocksdb::FileLock** lock, Context* context) override {
    return Close(name, target()->LockFile(name, options, lock, context));
  }

 private:
  static rocksdb::IOStatus Close(const std::string& name, rocksdb::IOStatus status) {
    if (status.ok() && chmod(name.c_str(), 0600) != 0) {
      return rocksdb::IOStatus::IOError(name, std::strerror(errno));
    }
    return status;
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> PrivateFiles() { return std::make_shared<OwnersFiles>(); }

absl::Status MakePrivateFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  if (mkdir(folder.c_str(), 0700) == 0) return absl::OkStatus();
  struct stat found {};
  if (errno != EEXIST || stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    return absl::UnavailableError(
        absl::StrCat(folder, ": no folder can be made here: ", std::strerror(errno)));
  }
  if ((found.st_mode & 077) != 0 && chmod(folder.c_str(), 0700) != 0) {
    return absl::PermissionDeniedError(absl::StrCat(
        folder, ": is open to other users and cannot be closed: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

rocksdb::ColumnFamilyOptions SpoolFamilyOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 8 << 20;
  options.max_write_buffer_number = 4;
  options.target_file_size_base = 32 << 20;
  options.max_bytes_for_level_base = 256 << 20;
  options.num_levels = 4;
  // Numbers only grow, so files do not overlap and move down without being rewritten; a reader
  // that is behind must not hold up a writer.
  options.level0_slowdown_writes_trigger = 64;
  options.level0_stop_writes_trigger = 128;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  options.compression = rocksdb::kLZ4Compression;  // next to a capture, processor time is dear
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.block_cache = rocksdb::NewLRUCache(4 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::DBOptions SpoolDatabaseOptions(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.info_log = std::make_shared<NoLog>();
  options.max_background_jobs = 2;
  // All topics at once, so that the log never holds what is in files already: the library repairs
  // no folder in which it does.
  options.atomic_flush = true;
  options.max_total_wal_size = 64 << 20;
  options.db_write_buffer_size = 48 << 20;
  options.bytes_per_sync = 1 << 20;
  options.wal_bytes_per_sync = 512 << 10;
  options.max_open_files = 128;
  options.max_manifest_file_size = 4 << 20;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // What is whole behind a damaged record is worth having: entries do not depend on each other.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  options.max_bgerror_resume_count = 0;  // the owner opens it anew
  return options;
}

}  // namespace vedette
