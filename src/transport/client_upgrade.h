#pragma once
// The client's part of the WebSocket opening handshake (RFC 6455 §4.1), as values. Private to transport.

#include <string>

#include "base/random.h"
#include "base/result.h"
#include "transport/client.h"
#include "transport/client_request.h"

namespace herald::transport {

struct ClientUpgrade {
  std::string request;      // the bytes to send
  std::string key;          // the Sec-WebSocket-Key in it
  std::string subprotocol;  // empty: none is offered
};

// kInvalid: as format_request_head().
[[nodiscard]] Result<ClientUpgrade> make_upgrade(const Url& url, std::string subprotocol, ClientHeaders headers,
                                                 RandomSource& random);

// Ok: `response` opens the WebSocket: 101, the right key, the offered subprotocol, no extension. Otherwise an error by
// the status (kUnauthorized: 401, 403; kNotFound: 404; kUnavailable: 5xx), or kInvalid.
[[nodiscard]] Status check_upgrade(const ClientUpgrade& upgrade, const ClientResponse& response);

}  // namespace herald::transport
