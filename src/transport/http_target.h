#pragma once
// Request targets (RFC 9112 §3.2) and the value of Host (RFC 9110 §7.2), checked and brought into one form.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace herald::transport {

// "host" or "host:port", of RFC 3986 §3.2.2: a name, an IPv4 address, or an IPv6 address in brackets; a port is at most
// 65535 and may be empty. No user name. False for an empty text.
[[nodiscard]] bool is_authority(std::string_view text);

struct RequestTarget {
  enum class Form : std::uint8_t { kOrigin, kAbsolute, kAuthority, kAsterisk };
  Form form = Form::kOrigin;
  std::string_view path;   // "*" for an asterisk, empty for an authority, else begins with '/'
  std::string_view query;  // after '?', without it
};
// nullopt: of no form that `method` may have, or with a fragment or a bad authority. Answers views of `target`, or of
// constants.
[[nodiscard]] std::optional<RequestTarget> split_target(std::string_view method, std::string_view target);

// Every percent sign of `path` begins a percent-encoded byte.
[[nodiscard]] bool is_percent_encoded(std::string_view path);
// True if normal_path() would change nothing.
[[nodiscard]] bool is_normal_path(std::string_view path);
// A path that means the same (RFC 3986 §6.2.2): unreserved characters are not percent-encoded, there are no "." and
// ".." segments; and, as proxies and senders write them, no empty segments and no slash at the end. `path` begins with
// '/' and is_percent_encoded().
[[nodiscard]] std::string normal_path(std::string_view path);

}  // namespace herald::transport
