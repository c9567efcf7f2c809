#include "sensor/local/local_client.h"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sensor/event/text_safety.h"
#include "sensor/local/listening_place.h"

namespace vedette {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = boost::asio::generic::stream_protocol;
using Error = beast::error_code;

constexpr uint64_t kBodyBytesMax = 256 << 20;

struct Target {
  Protocol::endpoint endpoint;
  std::string name;  // for people
  std::string host;
  std::string token;
};

absl::StatusOr<Target> AtUrl(const SensorPlace& place) {
  absl::string_view rest = place.url;
  const absl::Status refused =
      absl::InvalidArgumentError(absl::StrCat("--url: found ", Printable(place.url),
                                              ", allowed http:// with a host and a port, such as "
                                              "http://127.0.0.1:9470"));
  if (!absl::ConsumePrefix(&rest, "http://")) return refused;
  rest = absl::StripSuffix(rest, "/");
  const size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos || colon + 1 == rest.size() ||
      rest.find('/') != absl::string_view::npos) {
    return refused;
  }
  const std::string port(rest.substr(colon + 1));
  const std::string host(absl::StripSuffix(absl::StripPrefix(rest.substr(0, colon), "["), "]"));
  boost::asio::io_context context;
  Error error;
  const auto found = boost::asio::ip::tcp::resolver(context).resolve(host, port, error);
  if (error || found.empty()) {
    return absl::NotFoundError(
        absl::StrCat("--url: ", Printable(place.url), ": no such host or port: ", error.message()));
  }
  Target target{.endpoint = found.begin()->endpoint(),
                .name = place.url,
                .host = std::string(rest),
                .token = ""};
  if (place.token_file.empty()) return target;
  absl::StatusOr<std::string> token = ReadToken(place.token_file);
  if (!token.ok()) return token.status();
  target.token = *std::move(token);
  return target;
}

absl::StatusOr<Target> TargetOf(const SensorPlace& place) {
  if (!place.url.empty()) return AtUrl(place);
  const std::string path = place.socket.empty() ? kDefaultSocket : place.socket;
  if (const absl::Status fits = CheckSocketPath(path); !fits.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--socket: ", fits.message()));
  }
  return Target{.endpoint = boost::asio::local::stream_protocol::endpoint(path),
                .name = path,
                .host = "localhost",
                .token = ""};
}

absl::Status NotReached(const Target& target, int seconds_max, const Error& error) {
  const std::string name = Printable(target.name, 512);
  if (error == boost::system::errc::permission_denied) {
    return absl::PermissionDeniedError(
        absl::StrCat(name,
                     ": the sensor's user alone may ask: sudo vedette ..., or sudo -u vedette "
                     "vedette ..."));
  }
  if (error == beast::error::timeout) {
    return absl::DeadlineExceededError(
        absl::StrCat(name, ": no answer within ", seconds_max, " s"));
  }
  return absl::NotFoundError(absl::StrCat(
      name, ": no sensor answers there (", error.message(),
      "). Is it running: systemctl status vedette? Listens it elsewhere (local.listen, "
      "local.socket of its configuration): --socket PATH or --url http://ADDRESS:PORT"));
}

// One operation after the other, each ended before the next begins.
class Exchange {
 public:
  explicit Exchange(int seconds_max) : stream_(context_) {
    stream_.expires_after(std::chrono::seconds(seconds_max));
  }

  Error Connect(const Protocol::endpoint& endpoint) {
    return Finish([&](Error& result) {
      stream_.async_connect(endpoint, [&result](const Error& error) { result = error; });
    });
  }
  Error Send(const http::request<http::empty_body>& request) {
    return Finish([&](Error& result) {
      http::async_write(stream_, request,
                        [&result](const Error& error, size_t) { result = error; });
    });
  }
  Error Receive(http::response_parser<http::string_body>& parser) {
    return Finish([&](Error& result) {
      http::async_read(stream_, buffer_, parser,
                       [&result](const Error& error, size_t) { result = error; });
    });
  }

 private:
  template <typename Begin>
  Error Finish(Begin begin) {
    Error result;
    begin(result);
    context_.restart();
    context_.run();
    return result;
  }

  boost::asio::io_context context_;
  beast::basic_stream<Protocol> stream_;
  beast::flat_buffer buffer_;
};

std::string MessageOf(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    return json["error"].value("message", "");
  }
  return "";
}

absl::StatusOr<std::string> BodyOf(const Target& target, http::response<http::string_body> answer) {
  if (answer.result() == http::status::ok) return std::move(answer.body());
  const std::string message = absl::StrCat(Printable(target.name, 512), ": ", answer.result_int(),
                                           ": ", Printable(MessageOf(answer.body()), 512));
  switch (answer.result()) {
    case http::status::bad_request:
      return absl::InvalidArgumentError(message);
    case http::status::unauthorized:
    case http::status::forbidden:
      return absl::PermissionDeniedError(
          absl::StrCat(message, "; --token-file FILE names the file that holds the token"));
    default:
      return absl::UnavailableError(message);
  }
}

}  // namespace

absl::StatusOr<std::string> AskSensor(const SensorPlace& place, const std::string& path) {
  const absl::StatusOr<Target> target = TargetOf(place);
  if (!target.ok()) return target.status();
  Exchange exchange(place.seconds_max);
  if (const Error error = exchange.Connect(target->endpoint))
    return NotReached(*target, place.seconds_max, error);
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, target->host);
  request.set(http::field::connection, "close");
  if (!target->token.empty()) request.set(http::field::authorization, "Bearer " + target->token);
  http::response_parser<http::string_body> parser;
  parser.body_limit(kBodyBytesMax);
  Error error = exchange.Send(request);
  if (!error) error = exchange.Receive(parser);
  if (error) return NotReached(*target, place.seconds_max, error);
  return BodyOf(*target, parser.release());
}

}  // namespace vedette
