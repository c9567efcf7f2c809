// The socket that the local interface listens at, with its name in the file system. Owned by the
// server; set-up only.
#ifndef VEDETTE_SENSOR_LOCAL_LISTENING_SOCKET_H_
#define VEDETTE_SENSOR_LOCAL_LISTENING_SOCKET_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "sensor/local/listening_place.h"

namespace vedette {

class ListeningSocket {
 public:
  // Mode 0600. A socket that nobody listens at any more is replaced; one that somebody does is a
  // fault, and so is anything else by that name.
  static absl::StatusOr<ListeningSocket> AtPath(const std::string& path);
  static absl::StatusOr<ListeningSocket> AtAddress(const ListeningPlace& place);

  ListeningSocket(ListeningSocket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        path_(std::exchange(other.path_, {})),
        inode_(other.inode_) {}
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  // Removes the name, if it is still this socket's.
  ~ListeningSocket();

  int descriptor() const { return descriptor_; }

 private:
  explicit ListeningSocket(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
  std::string path_;
  ino_t inode_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_LISTENING_SOCKET_H_
