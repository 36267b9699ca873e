#include "transport/http_connection.h"

#include <utility>

#include "base/encoding.h"
#include "transport/connection_host.h"
#include "transport/http_response_head.h"
#include "transport/websocket_connection.h"
#include "transport/websocket_upgrade.h"

namespace herald::transport {

// Outlives the connection in the hands of responders.
class HttpConnection::Sink final : public HttpResponder::Sink {
 public:
  explicit Sink(HttpConnection& owner) : owner_(&owner) {}
  void respond(std::uint64_t token, HttpResponse response) override {
    if (owner_ != nullptr) owner_->respond(token, std::move(response));
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
  if (host.services.websocket != nullptr && !head_only_ && wants_websocket(request)) {
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
  WebSocketConnection::take_over(connection_, std::move(accept.handler), rest);
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
  return !busy_ && waiting_.empty() && !connection_.blocked();
}

void HttpConnection::on_drained() {
  if (!busy_) resume();
}

void HttpConnection::answer(const HttpResponse& response, bool close) {
  ConnectionHost& host = connection_.host();
  if (close || host.draining) keep_alive_ = false;
  host.head.clear();
  append_response_head(host.head, response, {.date = host.date(), .request_version = version_, .close = !keep_alive_});
  const bool with_body = !head_only_ && status_allows_body(response.status);
  connection_.send(host.head, with_body ? std::string_view(response.body) : std::string_view());
  host.metrics.answered(response.status);
  connection_.renew_deadline();
  if (!keep_alive_) connection_.finish();
}

void HttpConnection::refuse(int status, std::string_view reason) {
  connection_.host().metrics.refused(refusal_of_status(status));
  head_only_ = false;
  answer(text_response(status, std::string(reason) + "\n"), true);
}

void HttpConnection::on_ended() {
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
  // One that has not asked anything yet may be about to.
  if (!busy_ && !parser_ && token_ != 0) connection_.finish();
}

}  // namespace herald::transport
