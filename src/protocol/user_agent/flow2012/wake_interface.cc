#include "protocol/user_agent/flow2012/wake_interface.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>

namespace herald::protocol::flow2012 {
namespace {

constexpr std::uint16_t kPortStandard = 5000;  // the wiki page "Flow": UDP 5000
constexpr std::size_t kMappedPrefixSize = 12;

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, address, text.data(), text.size());
}

std::optional<std::string> canonical_ip(std::string_view text) {
  const std::string terminated(text);
  in_addr v4{};
  if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return text_of(AF_INET, &v4);
  in6_addr v6{};
  if (inet_pton(AF_INET6, terminated.c_str(), &v6) != 1) return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return text_of(AF_INET, &v6.s6_addr[kMappedPrefixSize]);
  return text_of(AF_INET6, &v6);
}

std::optional<std::int64_t> decimal(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> parse_port(const std::optional<JsonValue>& value) {
  if (!value) return kPortStandard;
  const auto text = value->string();
  const auto port = text ? decimal(*text) : value->integer();
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

std::optional<WakeInterface> parse_wake_interface(const JsonValue& value) {
  const auto ip_value = value.get("ip");
  const auto ip_text = ip_value ? ip_value->string() : std::nullopt;
  if (!ip_text) return std::nullopt;
  const auto ip = canonical_ip(*ip_text);
  const auto port = parse_port(value.get("port"));
  if (!ip || !port) return std::nullopt;
  return WakeInterface{*ip, *port};
}

}  // namespace herald::protocol::flow2012
