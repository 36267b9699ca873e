#pragma once
// HTTP/1.1 as the roles see it: requests in, responses out. Bytes, connections and time-outs are http_server's.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/address.h"
#include "transport/http_stream.h"

namespace herald::transport {

// A complete request. Everything points into the loop's buffers: valid only during the call that gets it.
struct HttpRequest {
  std::string_view method;  // HEAD comes as GET: the body of the response is left out
  std::string_view target;  // as sent
  std::string_view path;    // before '?', in one form (http_target.h), else not decoded; "*" of OPTIONS
  std::string_view query;   // after '?', not decoded, without it
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view body;  // chunks put together
  SocketAddress peer;
  bool secure = false;  // came over TLS
  int version = 11;     // 10 or 11

  // The first header of that name, case-insensitive, spaces trimmed.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  // How often the header appears.
  [[nodiscard]] std::size_t header_count(std::string_view name) const;
  // The percent-decoded value of a query parameter; nullopt: absent, or badly encoded.
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Length, Date and Connection are added
  std::string body;
  bool close = false;  // end the connection after this response
};

[[nodiscard]] HttpResponse text_response(int status, std::string body);
[[nodiscard]] HttpResponse json_response(int status, std::string body);

// Answers one request, now or later. Move-only, on the loop's thread; if the connection is gone by then the response is
// dropped. Dropping the responder unanswered answers 500.
class HttpResponder {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void respond(std::uint64_t token, HttpResponse response) = 0;
    // Where the parts go; empty: nowhere. A sink that takes no parts answers 500.
    virtual std::weak_ptr<HttpStream::Sink> begin_stream(std::uint64_t token, HttpResponse head,
                                                         HttpStreamEvents events);
  };
  HttpResponder(std::weak_ptr<Sink> sink, std::uint64_t token) : sink_(std::move(sink)), token_(token) {}
  HttpResponder(HttpResponder&&) = default;
  HttpResponder& operator=(HttpResponder&& other) noexcept;
  HttpResponder(const HttpResponder&) = delete;
  HttpResponder& operator=(const HttpResponder&) = delete;
  ~HttpResponder();

  void send(HttpResponse response);
  // Answers with `head` now and with a body in parts: without its own body, and of a status that allows one.
  [[nodiscard]] HttpStream stream(HttpResponse head, HttpStreamEvents events);

 private:
  std::weak_ptr<Sink> sink_;
  std::uint64_t token_ = 0;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void on_request(const HttpRequest& request, HttpResponder responder) = 0;
  // How long the body of a request for `path` may be; 0: http_body_max_bytes. Asked when the header has been read.
  [[nodiscard]] virtual std::uint64_t body_max_bytes(std::string_view /*path*/) const { return 0; }
};

// Chooses a handler by the longest matching path prefix; "/token" matches "/token" and "/token/x", not "/tokens";
// one that ends in '/' matches all below it. Unmatched: 404 with a short text.
class HttpRouter final : public HttpHandler {
 public:
  void add(std::string prefix, HttpHandler& handler);
  void on_request(const HttpRequest& request, HttpResponder responder) override;
  [[nodiscard]] std::uint64_t body_max_bytes(std::string_view path) const override;

 private:
  // Null: no route matches.
  [[nodiscard]] HttpHandler* handler_of(std::string_view path) const;

  std::vector<std::pair<std::string, HttpHandler*>> routes_;
};

}  // namespace herald::transport
