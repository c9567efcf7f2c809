#include "sensor/local/local_server.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <list>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sensor/local/http_session.h"
#include "sensor/local/listening_place.h"
#include "sensor/local/listening_socket.h"
#include "sensor/local/local_api.h"

namespace vedette {
namespace {

constexpr size_t kConnectionsMax = 64;
// Before connections are looked for again, when the process has no descriptor left.
constexpr std::chrono::milliseconds kPause(100);

struct Entry {
  std::optional<TokenCheck> token;
  std::optional<HostCheck> host;
};

absl::StatusOr<Entry> EntryOf(const ListeningPlace& place, const LocalConfig& config) {
  Entry entry;
  if (place.kind == ListeningPlace::Kind::kUnix) return entry;
  const absl::StatusOr<std::string> token = ReadToken(config.token_file);
  if (!token.ok()) return token.status();
  entry.token.emplace(*token);
  entry.host.emplace(place, config.hosts);
  return entry;
}

// The folder of the default path is made where nobody else did; named ones are the operator's.
absl::StatusOr<ListeningSocket> ListenAt(const ListeningPlace& place, const LocalConfig& config) {
  if (place.kind == ListeningPlace::Kind::kTcp) return ListeningSocket::AtAddress(place);
  const std::string path = SocketPathOf(config.socket);
  if (path == kDefaultSocket) mkdir(path.substr(0, path.rfind('/')).c_str(), 0755);
  return ListeningSocket::AtPath(path);
}

}  // namespace

class LocalServer::Loop {
 public:
  Loop(ListeningSocket socket, int family, Entry entry, const SnapshotBoard& board)
      : board_(board),
        socket_(std::move(socket)),
        protocol_(family, 0),
        entry_(std::move(entry)),
        // The descriptor stays the socket's: see the destructor.
        listener_(context_, socket_.descriptor()),
        timer_(context_) {
    surroundings_ = {.answer = [this](const HttpSession::Asked& asked) { return Answer(asked); },
                     .count = [this](HttpSession::Outcome outcome) { Count(outcome); },
                     .ended = [this](HttpSession* session) { std::erase(sessions_, session); }};
  }
  ~Loop() { listener_.release(); }

  // Whatever one request runs into (memory, for one), the next is served.
  void Run() {
    pthread_setname_np(pthread_self(), "local");
    Wait();
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception&) {
        ++counts_.refused;
      }
    }
  }
  void Stop() { context_.stop(); }

 private:
  void Wait() {
    listener_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this](const boost::beast::error_code& error) {
                           if (!error) Accept();
                         });
  }

  void Accept() {
    for (;;) {
      const int descriptor =
          accept4(socket_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor >= 0) {
        Admit(descriptor);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        timer_.expires_after(kPause);
        timer_.async_wait([this](const boost::beast::error_code&) { Wait(); });
        return;
      } else if (errno != ECONNABORTED && errno != EINTR) {
        Wait();
        return;
      }
    }
  }

  void Admit(int descriptor) {
    HttpStream stream(context_);
    boost::beast::error_code error;
    stream.socket().assign(protocol_, descriptor, error);
    if (error || !MakeRoom()) return;  // closes
    const auto session = std::make_shared<HttpSession>(std::move(stream), surroundings_);
    sessions_.push_back(session.get());
    session->Begin();
  }

  // The one that has been asking, or leaving, for the longest goes.
  bool MakeRoom() {
    if (sessions_.size() < kConnectionsMax) return true;
    ++counts_.turned_away;
    const auto slow = std::find_if(sessions_.begin(), sessions_.end(), [](const HttpSession* s) {
      return s->phase() != HttpSession::Phase::kAnswering;
    });
    if (slow == sessions_.end()) return false;
    HttpSession* const session = *slow;
    sessions_.erase(slow);
    session->Drop();
    return true;
  }

  LocalAnswer Answer(const HttpSession::Asked& asked) {
    if (entry_.host && !entry_.host->Allows(asked.host)) {
      return ErrorAnswer(403, "Host names another machine; local.hosts allows further names");
    }
    if (entry_.token && !entry_.token->Allows(asked.authorization)) {
      return ErrorAnswer(401, "wanted: Authorization: Bearer and the token of local.token_file");
    }
    const std::shared_ptr<const Snapshot> last = board_.Last();
    return AnswerOf(
        {.target = asked.target, .snapshot = last.get(), .requests = counts_, .now = SteadyNow()});
  }

  void Count(HttpSession::Outcome outcome) {
    counts_.answered += outcome == HttpSession::Outcome::kAnswered ? 1 : 0;
    counts_.refused += outcome == HttpSession::Outcome::kRefused ? 1 : 0;
    counts_.timed_out += outcome == HttpSession::Outcome::kTimedOut ? 1 : 0;
  }

  const SnapshotBoard& board_;
  ListeningSocket socket_;
  const HttpProtocol protocol_;
  const Entry entry_;
  RequestCounts counts_;
  HttpSession::Surroundings surroundings_;
  std::list<HttpSession*> sessions_;  // the longest there first
  // Last: what is pending in it ends before all else.
  boost::asio::io_context context_{1};
  boost::asio::posix::stream_descriptor listener_;
  boost::asio::steady_timer timer_;
};

absl::StatusOr<std::unique_ptr<LocalServer>> LocalServer::Open(const LocalConfig& config,
                                                               const SnapshotBoard& board) {
  const absl::StatusOr<ListeningPlace> place = ParseListeningPlace(config.listen);
  if (!place.ok()) return place.status();
  if (place->kind == ListeningPlace::Kind::kOff) return std::unique_ptr<LocalServer>();
  absl::StatusOr<Entry> entry = EntryOf(*place, config);
  if (!entry.ok()) return entry.status();
  absl::StatusOr<ListeningSocket> socket = ListenAt(*place, config);
  if (!socket.ok()) return socket.status();
  const bool is_unix = place->kind == ListeningPlace::Kind::kUnix;
  const bool is6 = place->address.find(':') != std::string::npos;
  std::string where = is_unix ? SocketPathOf(config.socket) : config.listen;
  auto loop = std::make_unique<Loop>(*std::move(socket),
                                     is_unix ? AF_UNIX
                                     : is6   ? AF_INET6
                                             : AF_INET,
                                     *std::move(entry), board);
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(loop), std::move(where)));
}

LocalServer::LocalServer(std::unique_ptr<Loop> loop, std::string where)
    : loop_(std::move(loop)), where_(std::move(where)), thread_([this] { loop_->Run(); }) {}

LocalServer::~LocalServer() {
  loop_->Stop();
  thread_.join();
}

}  // namespace vedette
