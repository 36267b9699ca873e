#include "protocol/user_agent/flow2012/wake_interface.h"

#include <charconv>

#include "base/ip_literal.h"

namespace herald::protocol::flow2012 {
namespace {

constexpr std::uint16_t kPortStandard = 5000;  // the wiki page "Flow": UDP 5000

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
