// The spool's folder and how RocksDB keeps its files in it: for their owner alone, never rewritten,
// apart from the log. Set-up only.
#ifndef VEDETTE_SENSOR_EXPORT_SPOOL_DISK_H_
#define VEDETTE_SENSOR_EXPORT_SPOOL_DISK_H_

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace vedette {

// 0700; one that is there already is closed to others.
absl::Status MakePrivateFolder(const std::string& folder);
// The machine's own files, 0600.
std::shared_ptr<rocksdb::FileSystem> PrivateFiles();

rocksdb::DBOptions SpoolDatabaseOptions(rocksdb::Env* env);
rocksdb::ColumnFamilyOptions SpoolFamilyOptions();

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_SPOOL_DISK_H_
