#include "transport/sender_address.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <string_view>

#include "transport/http_field.h"

namespace herald::transport {

namespace {

// Some proxies add a port, and brackets around IPv6.
std::optional<IpAddress> read_address(std::string_view text) {
  if (const auto ip = IpAddress::parse(text)) return *ip;
  if (const auto address = SocketAddress::parse(text)) return address->ip;
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  const auto ip = IpAddress::parse(text.substr(1, text.size() - 2));
  return ip ? std::optional(*ip) : std::nullopt;
}

bool holds(std::span<const Network> networks, const IpAddress& ip) {
  return std::ranges::any_of(networks, [&ip](const Network& network) { return network.contains(ip); });
}

// Takes the last element off a list.
std::string_view take_last(std::string_view& list) {
  const auto comma = list.rfind(',');
  const auto last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return trim_field(last);
}

}  // namespace

IpAddress sender_address(const HttpRequest& request, std::span<const Network> trusted) {
  IpAddress sender = request.peer.ip;
  if (!holds(trusted, sender)) return sender;
  // Several fields are one list (RFC 9110 §5.3).
  for (const auto& [name, value] : request.headers | std::views::reverse) {
    if (!equals_ignoring_case(name, "X-Forwarded-For")) continue;
    std::string_view list = value;
    while (!list.empty()) {
      const auto ip = read_address(take_last(list));
      if (!ip) return sender;
      sender = *ip;
      if (!holds(trusted, sender)) return sender;
    }
  }
  return sender;
}

}  // namespace herald::transport
