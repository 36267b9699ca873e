#include "transport/client_upgrade.h"

#include <algorithm>
#include <utility>

#include "transport/http_field.h"
#include "transport/websocket_handshake.h"

namespace herald::transport {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr std::size_t kQuotedBodyMaxBytes = 200;

ErrorKind kind_of_status(int status) {
  if (status == 401 || status == 403) return ErrorKind::kUnauthorized;
  if (status == 404) return ErrorKind::kNotFound;
  return status >= 500 ? ErrorKind::kUnavailable : ErrorKind::kInvalid;
}

// The body of a refusal is for people: its first line, if it can be shown.
std::string refusal(const ClientResponse& response) {
  std::string out = "the server answered the WebSocket upgrade with status " + std::to_string(response.status);
  const std::string_view line = std::string_view(response.body).substr(0, response.body.find_first_of("\r\n"));
  const bool printable = std::ranges::none_of(line, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
  if (!line.empty() && line.size() <= kQuotedBodyMaxBytes && printable) out.append(": ").append(line);
  return out;
}

Status not_an_upgrade(std::string_view why) {
  return fail(ErrorKind::kInvalid, "the server's WebSocket upgrade " + std::string(why));
}

}  // namespace

Result<ClientUpgrade> make_upgrade(const Url& url, std::string subprotocol, ClientHeaders headers,
                                   RandomSource& random) {
  ClientUpgrade out;
  out.key = make_websocket_key(random);
  out.subprotocol = std::move(subprotocol);
  headers.emplace_back("Upgrade", "websocket");
  headers.emplace_back("Connection", "Upgrade");
  headers.emplace_back("Sec-WebSocket-Version", "13");
  headers.emplace_back("Sec-WebSocket-Key", out.key);
  if (!out.subprotocol.empty()) headers.emplace_back("Sec-WebSocket-Protocol", out.subprotocol);
  auto request = format_request_head("GET", url, headers);
  if (!request) return std::unexpected(request.error());
  out.request = std::move(*request);
  return out;
}

Status check_upgrade(const ClientUpgrade& upgrade, const ClientResponse& response) {
  if (response.status != kSwitchingProtocols) return fail(kind_of_status(response.status), refusal(response));
  if (!equals_ignoring_case(response.header("Upgrade").value_or(""), "websocket"))
    return not_an_upgrade("is not to a WebSocket");
  if (!list_has_ignoring_case(response.header("Connection").value_or(""), "upgrade"))
    return not_an_upgrade("lacks its Connection header");
  if (response.header("Sec-WebSocket-Accept") != websocket_accept_key(upgrade.key))
    return not_an_upgrade("has the wrong key");
  if (response.header("Sec-WebSocket-Extensions")) return not_an_upgrade("has an extension nobody asked for");
  if (response.header("Sec-WebSocket-Protocol").value_or("") != upgrade.subprotocol)
    return not_an_upgrade("has not the subprotocol asked for");
  return {};
}

}  // namespace herald::transport
