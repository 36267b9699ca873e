#include "base/origin.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace herald {

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

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_name(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

Result<std::string> to_ascii(std::string_view name) {
  char* out = nullptr;
  const int code = idn2_to_ascii_8z(std::string(name).c_str(), &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (code != IDN2_OK) {
    return fail(ErrorKind::kInvalid, std::string("the host is no international name: ") + idn2_strerror(code));
  }
  const std::unique_ptr<char, void (*)(void*)> owner(out, &idn2_free);
  return lower(out);
}

Result<std::string> short_v6(std::string_view bracketed) {
  if (!bracketed.ends_with(']')) return fail(ErrorKind::kInvalid, "the URL's address lacks a ']'");
  const std::string text(bracketed.substr(1, bracketed.size() - 2));
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1 ||
      inet_ntop(AF_INET6, &address, out.data(), out.size()) == nullptr) {
    return fail(ErrorKind::kInvalid, "the URL's host is not an IPv6 address");
  }
  return "[" + std::string(out.data()) + "]";
}

Result<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0)
    return fail(ErrorKind::kInvalid, "the URL's port is not a number from 1 to 65535");
  return port;
}

}  // namespace

Result<std::string> ascii_host(std::string_view host) {
  if (host.contains('\0')) return fail(ErrorKind::kInvalid, "the URL has no valid host");
  if (host.starts_with('[')) return short_v6(host);
  auto name = is_ascii(host) ? Result<std::string>(lower(host)) : to_ascii(host);
  if (name && !is_name(*name)) return fail(ErrorKind::kInvalid, "the URL has no valid host");
  return name;
}

std::size_t Origin::end_in(std::string_view url) {
  return std::min(url.find_first_of("/?#", url.find("://") + 3), url.size());
}

Result<Origin> Origin::parse(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return fail(ErrorKind::kInvalid, "the URL lacks \"http://\" or the like");
  Origin origin;
  origin.scheme = lower(url.substr(0, colon));
  const Scheme* const scheme = find_scheme(origin.scheme);
  if (scheme == nullptr) return fail(ErrorKind::kInvalid, "the URL's scheme is not http, https, ws or wss");

  const std::string_view authority = url.substr(colon + 3, end_in(url) - colon - 3);
  const std::size_t bracket = authority.starts_with('[') ? std::min(authority.find(']'), authority.size()) : 0;
  const std::size_t host_end = std::min(authority.find(':', bracket), authority.size());
  auto host = ascii_host(authority.substr(0, host_end));
  if (!host) return std::unexpected(host.error());
  origin.host = std::move(*host);
  origin.port = scheme->port;
  if (host_end + 1 >= authority.size()) return origin;
  const auto port = parse_port(authority.substr(host_end + 1));
  if (!port) return std::unexpected(port.error());
  origin.port = *port;
  return origin;
}

bool Origin::has_default_port() const {
  const Scheme* const known = find_scheme(scheme);
  return known != nullptr && known->port == port;
}

std::string Origin::authority() const {
  return has_default_port() ? host : host + ":" + std::to_string(port);
}

std::string Origin::text() const {
  return scheme + "://" + authority();
}

}  // namespace herald
