#pragma once
// IP addresses as text. The C library reads and writes them; no name is ever looked up.

#include <optional>
#include <string>
#include <string_view>

namespace herald {

// The one text form of an IPv4 or IPv6 literal (RFC 5952), so that rules on addresses can't be walked around by another
// spelling: an IPv4-mapped IPv6 address comes out as IPv4. nullopt: not a literal (a name, a zone, brackets, a port,
// leading zeros).
[[nodiscard]] std::optional<std::string> canonical_ip(std::string_view text);

}  // namespace herald
