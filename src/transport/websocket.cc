#include "transport/websocket.h"

#include <algorithm>

#include "transport/http_field.h"

namespace herald::transport {

bool offers_subprotocol(const HttpRequest& request, std::string_view name) {
  return std::ranges::any_of(request.headers, [name](const auto& header) {
    return equals_ignoring_case(header.first, "Sec-WebSocket-Protocol") && list_has(header.second, name);
  });
}

}  // namespace herald::transport
