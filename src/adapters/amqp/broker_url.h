#pragma once
// Where a broker listens: amqp://host:port, or amqps:// for TLS.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace herald::adapters {

struct BrokerUrl {
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 5672;
  bool tls = false;

  // "amqp://host:5672", with the port and, around IPv6, brackets.
  [[nodiscard]] std::string to_string() const;
};

// Takes amqp[s]://host[:port], with nothing after it but a slash. kInvalid otherwise, also for a user in the URL: names
// and passwords have options of their own, so that they reach no log. Ports left out: 5672, and 5671 with TLS.
[[nodiscard]] Result<BrokerUrl> parse_broker_url(std::string_view text);

}  // namespace herald::adapters
