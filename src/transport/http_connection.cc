#include "transport/http_connection.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "transport/connection_host.h"
#include "transport/http_response_head.h"
#include "transport/websocket_connection.h"
#include "transport/websocket_upgrade.h"

namespace herald::transport {

namespace {

// OPTIONS * asks the server, not a resource (RFC 9110 §9.3.7).
HttpResponse server_options() {
  return {.status = 204, .headers = {{"Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS"}}, .body = {}};
}

constexpr int kFirstRefusal = 400;
// Of an answer that refuses, in the log.
constexpr std::size_t kAnswerLoggedBytes = 200;

}  // namespace

// Outlives the connection in the hands of responders.
class HttpConnection::Sink final : public HttpResponder::Sink,
                                   public HttpStream::Sink,
                                   public std::enable_shared_from_this<HttpConnection::Sink> {
 public:
  explicit Sink(HttpConnection& owner) : owner_(&owner) {}
  void respond(std::uint64_t token, HttpResponse response) override {
    if (owner_ != nullptr) owner_->respond(token, std::move(response));
  }
  std::weak_ptr<HttpStream::Sink> begin_stream(std::uint64_t token, HttpResponse head,
                                               HttpStreamEvents events) override {
    if (owner_ == nullptr || !owner_->begin_stream(token, head, std::move(events))) return {};
    return weak_from_this();
  }
  bool stream_open(std::uint64_t token) const override { return owner_ != nullptr && owner_->streams(token); }
  bool stream_blocked(std::uint64_t token) const override {
    return stream_open(token) && owner_->connection_.blocked();
  }
  void send_part(std::uint64_t token, std::string_view bytes) override {
    if (stream_open(token)) owner_->send_part(bytes);
  }
  void end_stream(std::uint64_t token, bool complete) override {
    if (stream_open(token)) owner_->end_stream(complete);
  }
  void detach() { owner_ = nullptr; }

 private:
  HttpConnection* owner_;
};

HttpConnection::~HttpConnection() {
  if (sink_) sink_->detach();
}

void HttpConnection::on_bytes(std::span<std::uint8_t> bytes) {
  if (process(bytes) && keep_alive_) waiting_.append(as_text(bytes));
}

bool HttpConnection::process(std::span<std::uint8_t>& bytes) {
  in_process_ = true;
  while (!bytes.empty() && !busy_ && keep_alive_ && !connection_.blocked()) {
    const bool begun = parser_ == nullptr;
    if (begun) {
      parser_ = connection_.host().borrow_parser();
      continued_ = false;
    }
    const auto progress = parser_->feed(as_text(bytes));
    bytes = bytes.subspan(progress.consumed);
    if (progress.state == HttpParser::State::kFailed) {
      refuse(parser_->failure().status, parser_->failure().reason);
    } else if (progress.state == HttpParser::State::kNeedMore) {
      if (begun) connection_.restart_deadline();
      if (parser_->awaits_continue() && !std::exchange(continued_, true)) {
        connection_.send("HTTP/1.1 100 Continue\r\n\r\n");
      }
    } else if (!take_request(bytes)) {
      return false;
    }
  }
  in_process_ = false;
  return true;
}

// `rest` is what follows the request. False as in process().
bool HttpConnection::take_request(std::span<std::uint8_t> rest) {
  ConnectionHost& host = connection_.host();
  // The request points into the parser, which is the next request's only after this one has been handled.
  std::unique_ptr<HttpParser> parser = std::move(parser_);
  HttpRequest& request = parser->request();
  request.peer = connection_.peer();
  request.secure = connection_.secure();
  keep_alive_ = parser->keep_alive();
  version_ = static_cast<std::uint8_t>(request.version);
  head_only_ = request.method == "HEAD";
  if (head_only_) request.method = "GET";
  bool stays = true;
  if (request.path == "*") {
    answer(server_options(), false);
  } else if (host.services.websocket != nullptr && !head_only_ && wants_websocket(request)) {
    stays = upgrade(request, rest);
  } else {
    dispatch(request);
  }
  host.give_back(std::move(parser));
  return stays;
}

bool HttpConnection::upgrade(const HttpRequest& request, std::span<std::uint8_t> rest) {
  ConnectionHost& host = connection_.host();
  if (const auto wrong = check_websocket_upgrade(request)) {
    host.metrics.refused(Refusal::kBadRequest);
    answer(*wrong, true);
    return true;
  }
  auto decision = host.services.websocket->on_upgrade(request);
  if (const auto* response = std::get_if<HttpResponse>(&decision)) {
    answer(*response, response->close);
    return true;
  }
  auto& accept = std::get<WebSocketAccept>(decision);
  connection_.send(websocket_upgrade_response(request, accept.subprotocol, host.date()));
  host.metrics.answered(101);
  WebSocketConnection::take_over(connection_, std::move(accept), rest);
  return false;
}

void HttpConnection::dispatch(const HttpRequest& request) {
  if (!sink_) sink_ = std::make_shared<Sink>(*this);
  busy_ = true;
  connection_.host().services.http->on_request(request, HttpResponder(sink_, ++token_));
}

void HttpConnection::respond(std::uint64_t token, HttpResponse response) {
  if (token != token_ || !busy_ || connection_.dead()) return;
  busy_ = false;
  answer(response, response.close);
  if (in_process_) return;
  Connection& connection = connection_;
  resume();
  connection.settle();
}

// Goes on with what came meanwhile. *this may be gone afterwards.
void HttpConnection::resume() {
  Connection& connection = connection_;
  std::string input = std::exchange(waiting_, {});
  std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(input.data()), input.size());
  if (!process(bytes)) return;
  if (keep_alive_) waiting_.assign(as_text(bytes));
  if (connection.ended() && wants_bytes()) connection.finish();
}

bool HttpConnection::wants_bytes() const {
  if (stream_) return true;  // its end is
  return !busy_ && waiting_.empty() && !connection_.blocked();
}

void HttpConnection::on_drained() {
  if (!busy_) return resume();
  // A copy: what is called may end the stream.
  if (!stream_ || !stream_->drained) return;
  const auto drained = stream_->drained;
  drained();
}

void HttpConnection::answer(const HttpResponse& response, bool close) {
  ConnectionHost& host = connection_.host();
  if (close || host.draining) keep_alive_ = false;
  host.head.clear();
  append_response_head(host.head, response, {.date = host.date(), .request_version = version_, .close = !keep_alive_});
  const bool with_body = !head_only_ && status_allows_body(response.status);
  connection_.send(host.head, with_body ? std::string_view(response.body) : std::string_view());
  host.metrics.answered(response.status);
  if (response.status >= kFirstRefusal) log_refusal(response);
  connection_.renew_deadline();
  if (!keep_alive_) connection_.finish();
}

// Not what was asked for: paths hold tokens.
void HttpConnection::log_refusal(const HttpResponse& response) {
  Log& log = connection_.host().log;
  if (!log.enabled(LogLevel::kDebug)) return;
  const std::string peer = connection_.peer().to_string();
  log.debug("request refused", {{"status", std::int64_t{response.status}},
                                {"peer", peer},
                                {"answer", std::string_view(response.body).substr(0, kAnswerLoggedBytes)}});
}

bool HttpConnection::begin_stream(std::uint64_t token, const HttpResponse& head, HttpStreamEvents events) {
  if (token != token_ || !busy_ || connection_.dead()) return false;
  ConnectionHost& host = connection_.host();
  keep_alive_ = false;
  host.head.clear();
  append_response_head(host.head, head,
                       {.date = host.date(), .request_version = version_, .close = true, .in_parts = true});
  connection_.send(host.head);
  host.metrics.answered(head.status);
  waiting_ = {};
  if (head_only_) {
    busy_ = false;
    connection_.finish();
  } else if (host.draining) {
    complete_stream();
  } else if (connection_.ended()) {
    connection_.cut();
  } else {
    stream_ = std::make_unique<HttpStreamEvents>(std::move(events));
  }
  if (!in_process_) connection_.settle();
  return streams(token);
}

bool HttpConnection::streams(std::uint64_t token) const {
  return stream_ != nullptr && token == token_ && !connection_.dead();
}

void HttpConnection::send_part(std::string_view bytes) {
  const auto most = connection_.host().limits.send_buffer_max_bytes;
  if (version_ < 11) {
    connection_.send(bytes);
  } else {
    std::array<char, 18> size;
    char* const end = std::to_chars(size.data(), size.data() + size.size() - 2, bytes.size(), 16).ptr;
    end[0] = '\r';
    end[1] = '\n';
    connection_.send({size.data(), static_cast<std::size_t>(end + 2 - size.data())}, bytes);
    connection_.send("\r\n");
  }
  if (connection_.unsent_bytes() > most) connection_.flush();
  if (connection_.unsent_bytes() > most) {
    connection_.host().metrics.refused(Refusal::kSlowReader);
    connection_.cut();
  }
  connection_.settle();
}

void HttpConnection::complete_stream() {
  if (version_ >= 11) connection_.send("0\r\n\r\n");
  busy_ = false;
  connection_.finish();
}

void HttpConnection::end_stream(bool complete) {
  stream_.reset();
  if (complete) {
    complete_stream();
  } else {
    connection_.cut();
  }
  connection_.settle();
}

void HttpConnection::refuse(int status, std::string_view reason) {
  connection_.host().metrics.refused(refusal_of_status(status));
  head_only_ = false;
  answer(text_response(status, std::string(reason) + "\n"), true);
}

void HttpConnection::on_ended() {
  if (stream_) return connection_.cut();
  if (wants_bytes()) connection_.finish();
}

Deadline HttpConnection::deadline() const {
  if (busy_) return Deadline::kNone;
  return parser_ ? Deadline::kHttpRequest : Deadline::kHttpIdle;
}

void HttpConnection::on_deadline(Deadline kind) {
  if (kind == Deadline::kHttpRequest) return refuse(408, "The request took too long");
  connection_.finish();
}

void HttpConnection::on_drain() {
  if (stream_) {
    const auto events = std::move(stream_);
    complete_stream();
    if (events->ended) events->ended();
    return;
  }
  // One that has not asked anything yet may be about to.
  if (!busy_ && !parser_ && token_ != 0) connection_.finish();
}

void HttpConnection::on_dead() {
  const auto events = std::move(stream_);
  if (events && events->ended) events->ended();
}

}  // namespace herald::transport
