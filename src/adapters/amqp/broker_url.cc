#include "adapters/amqp/broker_url.h"

#include <charconv>

namespace herald::adapters {

namespace {

constexpr std::uint16_t kPort = 5672;
constexpr std::uint16_t kTlsPort = 5671;

std::unexpected<Error> wrong(std::string_view what) {
  return fail(ErrorKind::kInvalid, "a broker is amqp://host:port or amqps://host:port; " + std::string(what));
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return wrong("the port is not a number");
  return port;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string BrokerUrl::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (tls ? "amqps://" : "amqp://") + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<BrokerUrl> parse_broker_url(std::string_view text) {
  BrokerUrl url;
  url.tls = text.starts_with("amqps://");
  if (!take_prefix(text, "amqps://") && !take_prefix(text, "amqp://")) return wrong("it begins otherwise");
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find('@') != std::string_view::npos) return wrong("user and password have options of their own");
  if (text.find_first_of("/?# \t") != std::string_view::npos) return wrong("nothing may follow the port");
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = text.substr(0, colon);
  if (bracket != std::string_view::npos) host = text.substr(1, bracket - 1);
  if (host.empty()) return wrong("the host is missing");
  url.host = host;
  url.port = url.tls ? kTlsPort : kPort;
  if (colon == std::string_view::npos) return url;
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::unexpected(port.error());
  url.port = *port;
  return url;
}

}  // namespace herald::adapters
