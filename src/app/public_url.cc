#include "app/public_url.h"

#include <algorithm>

#include "base/origin.h"

namespace herald::app {

namespace {

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(ErrorKind::kInvalid, "must be http:// or https:// with a host and perhaps a path, but \"" +
                                       std::string(text) + "\" is not: " + std::string(why));
}

bool is_path_character(char c) {
  return c > ' ' && c < '\x7f' && !std::string_view("\"<>\\^`{|}").contains(c);
}

// A segment that a client or a proxy would remove before it sends the request on.
bool has_odd_segment(std::string_view path) {
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

bool is_loopback(const transport::IpAddress& ip) {
  static const transport::Network v4 = *transport::Network::parse("127.0.0.0/8");
  return v4.contains(ip) || ip.to_string() == "::1";
}

}  // namespace

Result<std::string> normal_public_url(std::string_view text) {
  const auto origin = Origin::parse(text);
  if (!origin) return refuse(text, origin.error().message);
  if (!origin->scheme.starts_with("http")) return refuse(text, "a WebSocket URL is derived from it");
  std::string_view path = text.substr(Origin::end_in(text));
  if (path.find_first_of("?#") != std::string_view::npos) return refuse(text, "it has a query or a fragment");
  if (!std::ranges::all_of(path, is_path_character)) {
    return refuse(text, "a character of its path must be percent-encoded");
  }
  if (path.ends_with('/')) path.remove_suffix(1);
  if (has_odd_segment(path)) return refuse(text, "its path has an empty segment, \".\" or \"..\"");
  return origin->text() + std::string(path);
}

DerivedUrl derived_public_url(std::span<const transport::SocketAddress> listeners, bool tls) {
  transport::SocketAddress shown = listeners.front();
  const std::string ip = shown.ip.to_string();
  if (ip == "0.0.0.0") shown.ip = *transport::IpAddress::parse("127.0.0.1");
  if (ip == "::") shown.ip = *transport::IpAddress::parse("::1");
  const bool open = std::ranges::any_of(listeners, [](const auto& at) { return !is_loopback(at.ip); });
  return {.url = (tls ? "https://" : "http://") + shown.to_string(),
          .for_this_machine_only = open && is_loopback(shown.ip)};
}

}  // namespace herald::app
