#pragma once
// The server's half of the WebSocket opening handshake (RFC 6455 §4.2). For transport's own sources.

#include <optional>
#include <string>
#include <string_view>

#include "transport/http.h"

namespace herald::transport {

// The request is a GET that asks to become a WebSocket; whether it does so rightly is another question.
[[nodiscard]] bool wants_websocket(const HttpRequest& request);
// What to answer if it does not: 400, or 426 for another version of the protocol.
[[nodiscard]] std::optional<HttpResponse> check_websocket_upgrade(const HttpRequest& request);
// The whole 101 response to a valid request; an empty subprotocol selects none.
[[nodiscard]] std::string websocket_upgrade_response(const HttpRequest& request, std::string_view subprotocol,
                                                     std::string_view date);

}  // namespace herald::transport
