#include <algorithm>
#include <array>
#include <charconv>

#include "transport/client.h"

namespace herald::transport {
namespace {

struct Scheme {
  std::string_view name;
  std::uint16_t port;
};

constexpr std::array<Scheme, 4> kSchemes{{{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

const Scheme* find_scheme(std::string_view name) {
  const auto found = std::ranges::find(kSchemes, name, &Scheme::name);
  return found == kSchemes.end() ? nullptr : &*found;
}

std::uint16_t default_port(std::string_view scheme) {
  const Scheme* const known = find_scheme(scheme);
  return known == nullptr ? 0 : known->port;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_name(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, is_name_character);
}

bool is_v6_literal(std::string_view host) {
  const auto ip = IpAddress::parse(host);
  return host.contains(':') && ip.has_value();
}

// What may stand in a request line: visible ASCII.
bool is_target(std::string_view target) {
  return std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7f'; });
}

Result<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0)
    return fail(ErrorKind::kInvalid, "the URL's port is not a number from 1 to 65535");
  return port;
}

// "host", "host:port", "[v6]" or "[v6]:port", into `url`.
Status parse_authority(std::string_view authority, Url& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return fail(ErrorKind::kInvalid, "the URL's address lacks a ']'");
    url.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!is_v6_literal(url.host)) return fail(ErrorKind::kInvalid, "the URL's host is not an IPv6 address");
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    url.host = lower(authority.substr(0, colon));
    port = authority.substr(colon);
    if (!is_name(url.host)) return fail(ErrorKind::kInvalid, "the URL has no valid host");
  }
  if (port.empty()) return {};
  if (port[0] != ':') return fail(ErrorKind::kInvalid, "the URL has something between address and port");
  const auto number = parse_port(port.substr(1));
  if (!number) return std::unexpected(number.error());
  url.port = *number;
  return {};
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return fail(ErrorKind::kInvalid, "the URL lacks \"http://\" or the like");
  Url url;
  url.scheme = lower(text.substr(0, colon));
  if (find_scheme(url.scheme) == nullptr)
    return fail(ErrorKind::kInvalid, "the URL's scheme is not http, https, ws or wss");
  url.port = default_port(url.scheme);

  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (!is_target(url.target)) return fail(ErrorKind::kInvalid, "the URL has a character that must be percent-encoded");
  if (const Status parsed = parse_authority(rest.substr(0, end), url); !parsed) return std::unexpected(parsed.error());
  return url;
}

std::string Url::authority() const {
  std::string out = host.contains(':') ? "[" + host + "]" : host;
  if (port != default_port(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::origin() const {
  return scheme + "://" + authority();
}

}  // namespace herald::transport
