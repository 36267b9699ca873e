#pragma once
// The client's side of HTTP/1.1 and WebSocket, for herald listen, send, status, bench and for tests. Asynchronous on a
// loop; also over TLS.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "transport/event_loop.h"
#include "transport/websocket.h"

namespace herald::transport {

// "http://host:port/path?query", also https, ws, wss.
struct Url {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;  // the scheme's default if none is given
  std::string target;      // path and query, at least "/"
  [[nodiscard]] static Result<Url> parse(std::string_view text);
  [[nodiscard]] std::string origin() const;
  [[nodiscard]] bool secure() const { return scheme == "https" || scheme == "wss"; }
};

struct ClientOptions {
  std::string ca_file;       // trust these besides the system's
  bool insecure = false;     // do not check certificates
  std::string bind_address;  // source address literal; empty: any
  std::chrono::milliseconds timeout{10'000};
};

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// One request over a connection of its own. kUnavailable: no connection or no answer in time; kInvalid: not HTTP.
// `then` runs once on the loop.
void http_request(EventLoop& loop, std::string method, const Url& url,
                  std::vector<std::pair<std::string, std::string>> headers, std::string body,
                  const ClientOptions& options, std::function<void(Result<ClientResponse>)> then);

// A WebSocket client connection. `handler` is as on the server's side; on_open is given the socket; if the upgrade
// fails, `failed` is called instead and the handler is destroyed.
void websocket_connect(EventLoop& loop, const Url& url, std::string subprotocol,
                       std::vector<std::pair<std::string, std::string>> headers, const ClientOptions& options,
                       std::unique_ptr<WebSocketHandler> handler, std::function<void(Error)> failed);

}  // namespace herald::transport
