// One connection to the local interface: reads one request, answers it, ends. Owned by its own
// pending operations; all calls on the interface's thread.
#ifndef VEDETTE_SENSOR_LOCAL_HTTP_SESSION_H_
#define VEDETTE_SENSOR_LOCAL_HTTP_SESSION_H_

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sensor/local/local_api.h"

namespace vedette {

using HttpProtocol = boost::asio::generic::stream_protocol;
using HttpStream = boost::beast::basic_stream<HttpProtocol>;

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  enum class Phase { kAsking, kAnswering, kEnding };
  enum class Outcome { kAnswered, kRefused, kTimedOut };

  struct Asked {
    absl::string_view target, host, authorization;
  };
  // What the server gives: answers, and the end of the connection.
  struct Surroundings {
    std::function<LocalAnswer(const Asked&)> answer;
    std::function<void(Outcome)> count;
    std::function<void(HttpSession*)> ended;
  };

  // `surroundings` outlives it.
  HttpSession(HttpStream stream, const Surroundings& surroundings);
  ~HttpSession();
  void Begin();
  // Makes room for another.
  void Drop();
  Phase phase() const { return phase_; }

 private:
  using Error = boost::beast::error_code;
  void OnRequest(const Error& error);
  LocalAnswer Answer();
  void Send(LocalAnswer answer, bool with_body);
  void OnSent(const Error& error);
  void Discard();

  HttpStream stream_;
  const Surroundings& surroundings_;
  Phase phase_ = Phase::kAsking;
  boost::beast::flat_buffer buffer_;
  boost::beast::http::request_parser<boost::beast::http::empty_body> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  std::array<char, 4'096> discarded_{};
  size_t discarded_bytes_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_LOCAL_HTTP_SESSION_H_
