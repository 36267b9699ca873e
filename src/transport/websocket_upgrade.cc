#include "transport/websocket_upgrade.h"

#include <algorithm>

#include "transport/http_field.h"
#include "transport/websocket_handshake.h"

namespace herald::transport {

namespace {

constexpr std::string_view kVersion = "13";

bool any_lists(const HttpRequest& request, std::string_view field, std::string_view item) {
  return std::ranges::any_of(request.headers, [&](const auto& header) {
    return equals_ignoring_case(header.first, field) && list_has_ignoring_case(header.second, item);
  });
}

}  // namespace

bool wants_websocket(const HttpRequest& request) {
  return request.method == "GET" && any_lists(request, "Upgrade", "websocket");
}

std::optional<HttpResponse> check_websocket_upgrade(const HttpRequest& request) {
  if (request.version < 11 || !any_lists(request, "Connection", "Upgrade")) {
    return text_response(400, "A WebSocket needs HTTP/1.1 and Connection: Upgrade\n");
  }
  if (request.header_count("Sec-WebSocket-Version") != 1 || request.header("Sec-WebSocket-Version") != kVersion) {
    auto response = text_response(426, "WebSocket version 13 is spoken here\n");
    response.headers.emplace_back("Sec-WebSocket-Version", kVersion);
    response.headers.emplace_back("Upgrade", "websocket");
    return response;
  }
  const auto key = request.header("Sec-WebSocket-Key");
  if (request.header_count("Sec-WebSocket-Key") != 1 || !is_valid_websocket_key(*key)) {
    return text_response(400, "Bad Sec-WebSocket-Key\n");
  }
  return std::nullopt;
}

std::string websocket_upgrade_response(const HttpRequest& request, std::string_view subprotocol,
                                       std::string_view date) {
  std::string out = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nDate: ";
  out.append(date).append("\r\nSec-WebSocket-Accept: ");
  out.append(websocket_accept_key(request.header("Sec-WebSocket-Key").value_or("")));
  if (!subprotocol.empty()) out.append("\r\nSec-WebSocket-Protocol: ").append(subprotocol);
  return out.append("\r\n\r\n");
}

}  // namespace herald::transport
