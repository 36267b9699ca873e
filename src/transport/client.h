#pragma once
// The client's side of HTTP/1.1 and WebSocket, for herald listen, send, status, bench and for tests. Asynchronous on a
// loop; also over TLS.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "transport/event_loop.h"
#include "transport/websocket.h"

namespace herald::transport {

// "http://host:port/path?query", also https, ws, wss. A fragment is dropped; a user name or password is refused.
struct Url {
  std::string scheme;      // lower-case, as is a host name
  std::string host;        // a name or an address literal, without brackets
  std::uint16_t port = 0;  // the scheme's default if none is given
  std::string target;      // path and query, at least "/"
  // kInvalid; the message says what is wrong.
  [[nodiscard]] static Result<Url> parse(std::string_view text);
  // "http://host:port", without the port if it is the scheme's default.
  [[nodiscard]] std::string origin() const;
  // The same without the scheme, as the Host header has it.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] bool secure() const { return scheme == "https" || scheme == "wss"; }
};

struct ClientOptions {
  std::string ca_file;                        // PEM; trust these besides the system's
  bool insecure = false;                      // do not check certificates
  std::vector<SocketAddress> addresses;       // tried in turn instead of looking the host's name up; empty: look it up
  std::string bind_address;                   // source address literal; empty: any
  std::chrono::milliseconds timeout{10'000};  // from the call to the whole response, or to the WebSocket's opening
  std::chrono::milliseconds ping_after{30'000};  // silence after which a WebSocket pings; as long again: it is dead
};

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // in the order they came
  std::string body;                                          // chunks put together

  // The first header of that name, case-insensitive, spaces trimmed.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

// How the message of an error begins that comes from a certificate which no trusted authority answers for.
inline constexpr std::string_view kUntrustedCertificate = "the server's certificate is not trusted";

// The largest body of a response that is read.
inline constexpr std::uint64_t kClientResponseMaxBytes = 64ULL << 20;
// The largest WebSocket message that is read, and the most bytes that may wait to be sent.
inline constexpr std::uint64_t kClientMessageMaxBytes = 16ULL << 20;
inline constexpr std::size_t kClientSendBufferMaxBytes = 16UL << 20;
// How long a WebSocket that is closing waits for the server's part of it.
inline constexpr std::chrono::milliseconds kClientCloseTimeout{5'000};

// One request over a connection of its own. `headers` may replace Host, User-Agent and Content-Length. kUnavailable: no
// connection or no answer in time, or a certificate that is not trusted; kInvalid: the answer is not HTTP, or what was
// given can't be a request; kTooLarge: past kClientResponseMaxBytes. The loop's thread, or before it runs; names are
// resolved at once, which may block (address literals never do). `then` runs once on the loop, never inside this call;
// it is dropped if the loop is destroyed first.
void http_request(EventLoop& loop, std::string method, const Url& url,
                  std::vector<std::pair<std::string, std::string>> headers, std::string body,
                  const ClientOptions& options, std::function<void(Result<ClientResponse>)> then);

// A WebSocket client connection. `handler` is as on the server's side; on_open is given the socket; if the upgrade
// fails, `failed` is called instead and the handler is destroyed. A `subprotocol` that is not empty must be selected by
// the server. Errors as above; a refusal by status is kUnauthorized (401, 403), kNotFound (404), kUnavailable (5xx) or
// kInvalid. Threads as above; neither is called inside this call, nor if the loop is destroyed first.
void websocket_connect(EventLoop& loop, const Url& url, std::string subprotocol,
                       std::vector<std::pair<std::string, std::string>> headers, const ClientOptions& options,
                       std::unique_ptr<WebSocketHandler> handler, std::function<void(Error)> failed);

}  // namespace herald::transport
