#include "sensor/local/http_session.h"

#include <boost/asio/buffer.hpp>
#include <utility>

namespace vedette {
namespace {

namespace http = boost::beast::http;

constexpr size_t kRequestBytesMax = 8'192;
constexpr std::chrono::seconds kAskingMax(5), kAnsweringMax(10), kEndingMax(1);
// Of what a client sends although nobody asked for it.
constexpr size_t kDiscardedBytesMax = 65'536;

absl::string_view Text(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool IsHttp(const boost::beast::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category();
}

// Of a request that could not be read; no answer to who has left.
std::optional<LocalAnswer> AnswerTo(const boost::beast::error_code& error) {
  if (!IsHttp(error) || error == http::error::end_of_stream ||
      error == http::error::partial_message) {
    return std::nullopt;
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return ErrorAnswer(431, "the request has more than 8192 bytes");
  }
  if (error == http::error::body_limit) return ErrorAnswer(413, "found a body, allowed none");
  return ErrorAnswer(400, "this is no HTTP request");
}

// What a browser that got here by mistake or by trick may do with it: nothing.
template <typename Response>
void SetHeaders(Response& response) {
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Frame-Options", "DENY");
  response.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("Referrer-Policy", "no-referrer");
  response.set(http::field::connection, "close");
  if (response.result() == http::status::unauthorized) {
    response.set(http::field::www_authenticate, "Bearer realm=\"vedette\"");
  }
  if (response.result() == http::status::method_not_allowed) {
    response.set(http::field::allow, "GET, HEAD");
  }
}

}  // namespace

HttpSession::HttpSession(HttpStream stream, const Surroundings& surroundings)
    : stream_(std::move(stream)), surroundings_(surroundings), buffer_(kRequestBytesMax) {
  parser_.header_limit(kRequestBytesMax);
  parser_.body_limit(0);
}

HttpSession::~HttpSession() { surroundings_.ended(this); }

void HttpSession::Begin() {
  stream_.expires_after(kAskingMax);
  http::async_read_header(
      stream_, buffer_, parser_,
      [self = shared_from_this()](const Error& error, size_t) { self->OnRequest(error); });
}

void HttpSession::Drop() { stream_.close(); }

void HttpSession::OnRequest(const Error& error) {
  if (error == boost::beast::error::timeout) surroundings_.count(Outcome::kTimedOut);
  if (error) {
    std::optional<LocalAnswer> answer = AnswerTo(error);
    if (answer) Send(*std::move(answer), true);
    return;
  }
  Send(Answer(), parser_.get().method() != http::verb::head);
}

LocalAnswer HttpSession::Answer() {
  const auto& request = parser_.get();
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return ErrorAnswer(405, "allowed GET and HEAD");
  }
  if (request.count(http::field::host) > 1) return ErrorAnswer(400, "found Host twice");
  return surroundings_.answer({.target = Text(request.target()),
                               .host = Text(request[http::field::host]),
                               .authorization = Text(request[http::field::authorization])});
}

void HttpSession::Send(LocalAnswer answer, bool with_body) {
  phase_ = Phase::kAnswering;
  surroundings_.count(answer.status < 400 || answer.status == 503 ? Outcome::kAnswered
                                                                  : Outcome::kRefused);
  response_.version(11);
  response_.result(static_cast<unsigned>(answer.status));
  response_.set(http::field::content_type, answer.type);
  response_.content_length(answer.body.size());
  SetHeaders(response_);
  if (with_body) response_.body() = std::move(answer.body);
  stream_.expires_after(kAnsweringMax);
  http::async_write(stream_, response_, [self = shared_from_this()](const Error& error, size_t) {
    self->OnSent(error);
  });
}

// Closing while something of the client's is unread would take the answer from it.
void HttpSession::OnSent(const Error& error) {
  if (error) return;
  phase_ = Phase::kEnding;
  Error ignored;
  stream_.socket().shutdown(HttpStream::socket_type::shutdown_send, ignored);
  stream_.expires_after(kEndingMax);
  Discard();
}

void HttpSession::Discard() {
  stream_.async_read_some(boost::asio::buffer(discarded_),
                          [self = shared_from_this()](const Error& error, size_t bytes) {
                            self->discarded_bytes_ += bytes;
                            if (error || self->discarded_bytes_ > kDiscardedBytesMax) return;
                            self->Discard();
                          });
}

}  // namespace vedette
