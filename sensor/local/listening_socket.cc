#include "sensor/local/listening_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace vedette {
namespace {

constexpr int kBacklog = 32;
constexpr int kLockTries = 20;

absl::Status Failed(const std::string& what, const std::string& where) {
  const std::string message = absl::StrCat(where, ": ", what, ": ", std::strerror(errno));
  if (errno == EACCES || errno == EPERM || errno == EROFS) {
    return absl::PermissionDeniedError(message);
  }
  return errno == ENOENT ? absl::NotFoundError(message) : absl::FailedPreconditionError(message);
}

sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

template <typename Address>
const sockaddr* Plain(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Two sensors that start at one time must not take the same name for stale: who holds the folder's
// lock looks, removes and binds. -1 where it cannot be had.
int LockFolderOf(const std::string& path) {
  const std::string folder = path.substr(0, std::max<size_t>(path.rfind('/'), 1));
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  for (int i = 0; i < kLockTries; ++i) {
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
    absl::SleepFor(absl::Milliseconds(50));
  }
  close(descriptor);
  errno = EBUSY;
  return -1;
}

absl::Status RemoveStale(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? absl::OkStatus() : Failed("cannot be looked at", path);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path,
                     ": found something that is no socket; remove it, or name another path "
                     "with local.socket"));
  }
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return Failed("no socket", path);
  const absl::Cleanup closing = [probe] { close(probe); };
  const sockaddr_un address = UnixAddress(path);
  // A full queue of connections (EAGAIN) is one that somebody is behind.
  if (connect(probe, Plain(address), sizeof address) == 0 || errno != ECONNREFUSED) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": a sensor listens there already; name another path with local.socket"));
  }
  if (unlink(path.c_str()) != 0) return Failed("is stale and cannot be removed", path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ListeningSocket> ListeningSocket::AtPath(const std::string& path) {
  const int lock = LockFolderOf(path);
  if (lock < 0) return Failed("its folder cannot be used", path);
  const absl::Cleanup unlocking = [lock] { close(lock); };
  if (const absl::Status free = RemoveStale(path); !free.ok()) return free;
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return Failed("no socket", path);
  ListeningSocket made(descriptor);
  const sockaddr_un address = UnixAddress(path);
  // The mode before the name: there is no moment in which others could connect.
  if (fchmod(descriptor, S_IRUSR | S_IWUSR) != 0 ||
      bind(descriptor, Plain(address), sizeof address) != 0 || listen(descriptor, kBacklog) != 0) {
    return Failed("cannot be listened at", path);
  }
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return Failed("cannot be looked at", path);
  made.path_ = path;
  made.inode_ = found.st_ino;
  return made;
}

absl::StatusOr<ListeningSocket> ListeningSocket::AtAddress(const ListeningPlace& place) {
  const std::string name = absl::StrCat(place.address, " port ", place.port);
  sockaddr_in ip4{
      .sin_family = AF_INET, .sin_port = htons(place.port), .sin_addr = {}, .sin_zero = {}};
  sockaddr_in6 ip6{};
  ip6.sin6_family = AF_INET6;
  ip6.sin6_port = htons(place.port);
  const bool is4 = inet_pton(AF_INET, place.address.c_str(), &ip4.sin_addr) == 1;
  if (!is4) inet_pton(AF_INET6, place.address.c_str(), &ip6.sin6_addr);
  const int descriptor =
      socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return Failed("no socket", name);
  ListeningSocket made(descriptor);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int bound =
      is4 ? bind(descriptor, Plain(ip4), sizeof ip4) : bind(descriptor, Plain(ip6), sizeof ip6);
  if (bound != 0 || listen(descriptor, kBacklog) != 0) return Failed("cannot be listened at", name);
  return made;
}

ListeningSocket::~ListeningSocket() {
  struct stat found {};
  if (!path_.empty() && lstat(path_.c_str(), &found) == 0 && found.st_ino == inode_) {
    unlink(path_.c_str());
  }
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace vedette
