// HTTP for programs of the same machine. One thread serves all connections and asks nobody: it
// answers from the last picture that was published. Bounded: connections, the size and the time of
// a request, the time of an answer. Who has not asked yet makes room for who comes, so that slow
// clients keep nobody out.
#ifndef VEDETTE_SENSOR_LOCAL_LOCAL_SERVER_H_
#define VEDETTE_SENSOR_LOCAL_LOCAL_SERVER_H_

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "sensor/local/local_config.h"
#include "sensor/local/snapshot.h"

namespace vedette {

class LocalServer {
 public:
  // Listens from here on. Null where none is wanted. `board` outlives it.
  static absl::StatusOr<std::unique_ptr<LocalServer>> Open(const LocalConfig& config,
                                                           const SnapshotBoard& board);
  // Ends every connection.
  ~LocalServer();

  // For people: where it listens.
  const std::string& where() const { return where_; }

 private:
  class Loop;
  LocalServer(std::unique_ptr<Loop> loop, std::string where);

  std::unique_ptr<Loop> loop_;
  std::string where_;
  std::thread thread_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_LOCAL_SERVER_H_
