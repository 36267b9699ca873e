#pragma once
// Web origins (RFC 6454): scheme, host and port, in a form where equal origins compare equal.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace herald {

// The ASCII form of a host, in lower case: a name (international ones by UTS #46, nontransitional, as browsers do), an
// IPv4 address, or an IPv6 address in brackets, which is shortened (RFC 5952). kInvalid: not a host.
[[nodiscard]] Result<std::string> ascii_host(std::string_view host);

struct Origin {
  std::string scheme;      // "http", "https", "ws" or "wss"
  std::string host;        // as ascii_host() gives it
  std::uint16_t port = 0;  // the scheme's default if none is given; never 0 in what parse() gives

  // The origin of a URL: what follows the authority is ignored. An empty port is the default (RFC 3986 §6.2.3).
  // kInvalid; the message says what is wrong. A user name or password is refused.
  [[nodiscard]] static Result<Origin> parse(std::string_view url);
  // Where path, query or fragment of `url` begin; `url` must have "://".
  [[nodiscard]] static std::size_t end_in(std::string_view url);

  // "https://host", with the port if it is not the scheme's default.
  [[nodiscard]] std::string text() const;
  // The same without the scheme, as the Host field has it.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] bool has_default_port() const;

  bool operator==(const Origin&) const = default;
};

}  // namespace herald
