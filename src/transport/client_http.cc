#include <utility>

#include "base/encoding.h"
#include "transport/client.h"
#include "transport/client_request.h"
#include "transport/client_response.h"
#include "transport/client_stream.h"

namespace herald::transport {
namespace {

// One request and its answer. Owned by its time-out, and at the end by the task that tells the result.
class HttpExchange final : public std::enable_shared_from_this<HttpExchange>, private ClientStream::Owner {
 public:
  using Then = std::function<void(Result<ClientResponse>)>;

  HttpExchange(EventLoop& loop, std::string request, bool to_head, Then then)
      : loop_(loop),
        stream_(loop, *this),
        parser_(to_head, kClientResponseMaxBytes),
        request_(std::move(request)),
        then_(std::move(then)) {}

  void start(const Url& url, const ClientOptions& options) {
    timeout_ = loop_.run_after(options.timeout, [self = shared_from_this()] {
      self->finish(fail(ErrorKind::kUnavailable, "no answer in time"));
    });
    if (const Status opened = stream_.open(url, options); !opened) finish(std::unexpected(opened.error()));
  }

 private:
  void on_connected() override { stream_.write(std::exchange(request_, {})); }

  void on_bytes(std::span<std::uint8_t> bytes) override {
    const auto complete = parser_.consume(as_text(bytes));
    if (!complete) return finish(std::unexpected(complete.error()));
    if (*complete) finish(parser_.take_response());
  }

  void on_drained() override {}

  void on_end(Status how) override {
    if (how) how = parser_.end();
    if (!how) return finish(std::unexpected(how.error()));
    finish(parser_.take_response());
  }

  void finish(Result<ClientResponse> result) {
    stream_.close();
    loop_.post([self = shared_from_this(), result = std::move(result)]() mutable { self->then_(std::move(result)); });
    loop_.cancel(timeout_);
  }

  EventLoop& loop_;
  ClientStream stream_;
  ClientResponseParser parser_;
  std::string request_;
  Then then_;
  TimerId timeout_ = 0;
};

bool usually_has_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

void http_request(EventLoop& loop, std::string method, const Url& url,
                  std::vector<std::pair<std::string, std::string>> headers, std::string body,
                  const ClientOptions& options, std::function<void(Result<ClientResponse>)> then) {
  headers.emplace_back("Connection", "close");
  if (!body.empty() || usually_has_body(method))
    add_unless_given(headers, "Content-Length", std::to_string(body.size()));
  auto request = format_request_head(method, url, headers);
  if (!request) {
    loop.post([then = std::move(then), error = request.error()] { then(std::unexpected(error)); });
    return;
  }
  request->append(body);
  std::make_shared<HttpExchange>(loop, std::move(*request), method == "HEAD", std::move(then))->start(url, options);
}

}  // namespace herald::transport
