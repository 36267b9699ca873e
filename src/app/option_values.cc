#include "app/option_values.h"

#include <charconv>
#include <initializer_list>
#include <utility>

#include "transport/client.h"
#include "transport/http_field.h"

namespace herald::app {

namespace {

template <class T>
Status choose(const std::string& text, T& out, std::initializer_list<std::pair<std::string_view, T>> choices) {
  std::string known;
  for (const auto& [name, value] : choices) {
    if (name == text) {
      out = value;
      return {};
    }
    known.append(known.empty() ? "" : ", ").append(name);
  }
  return fail(ErrorKind::kInvalid, "'" + text + "' is none of " + known);
}

}  // namespace

Result<transport::SocketAddress> parse_address(const std::string& text) {
  auto address = transport::SocketAddress::parse(text);
  if (address) return address;
  // The one name that means the same everywhere (RFC 6761 §6.3).
  constexpr std::string_view kLocalhost = "localhost:";
  if (transport::equals_ignoring_case(text.substr(0, kLocalhost.size()), kLocalhost)) {
    address = transport::SocketAddress::parse("127.0.0.1:" + text.substr(kLocalhost.size()));
    if (address) return address;
  }
  return fail(ErrorKind::kInvalid,
              "'" + text + "' is not ADDR:PORT, such as 127.0.0.1:8080, localhost:8080 or [::1]:8080");
}

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorKind::kInvalid, "'" + std::string(text) + "' is not a whole number");
  }
  return number;
}

Status read_value(const Texts& texts, std::string& out) {
  out = texts.front();
  return {};
}

Status read_value(const Texts& texts, SecretText& out) {
  out.value = texts.front();
  return {};
}

Status read_value(const Texts& texts, std::uint64_t& out) {
  const auto number = parse_number(texts.front());
  if (!number) return std::unexpected(number.error());
  out = *number;
  return {};
}

Status read_value(const Texts& texts, transport::SocketAddress& out) {
  const auto address = parse_address(texts.front());
  if (!address) return std::unexpected(address.error());
  out = *address;
  return {};
}

Status read_value(const Texts& texts, std::vector<transport::SocketAddress>& out) {
  if (texts.empty()) return fail(ErrorKind::kInvalid, "at least one address is needed");
  out.clear();
  for (const auto& text : texts) {
    const auto address = parse_address(text);
    if (!address) return std::unexpected(address.error());
    out.push_back(*address);
  }
  return {};
}

Status read_value(const Texts& texts, std::vector<transport::Network>& out) {
  out.clear();
  for (const auto& text : texts) {
    const auto network = transport::Network::parse(text);
    if (!network) return fail(ErrorKind::kInvalid, "'" + text + "' is not a network such as 10.0.0.0/8 or fc00::/7");
    out.push_back(*network);
  }
  return {};
}

Status read_value(const Texts& texts, RoleSet& out) {
  out = {};
  for (const auto& text : texts) {
    if (text == "all") {
      out = RoleSet::all();
      continue;
    }
    const auto role = parse_role(text);
    if (!role) return std::unexpected(role.error());
    out.add(*role);
  }
  return out.empty() ? fail(ErrorKind::kInvalid, "at least one role is needed") : Status{};
}

Status read_value(const Texts& texts, LogFormat& out) {
  return choose(texts.front(), out, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}});
}

Status read_value(const Texts& texts, LogLevel& out) {
  return choose(texts.front(), out,
                {{"debug", LogLevel::kDebug},
                 {"info", LogLevel::kInfo},
                 {"warning", LogLevel::kWarning},
                 {"error", LogLevel::kError}});
}

Status read_value(const Texts& texts, StoreKind& out) {
  return choose(texts.front(), out,
                {{"rocksdb", StoreKind::kRocksDb}, {"mongodb", StoreKind::kMongodb}, {"memory", StoreKind::kMemory}});
}

Status read_value(const Texts& texts, LoopDescriptors& out) {
  return choose(texts.front(), out, {{"shared", LoopDescriptors::kShared}, {"own", LoopDescriptors::kOwn}});
}

Status read_value(const Texts& texts, transport::TlsRecordLayer& out) {
  using transport::TlsRecordLayer;
  return choose(texts.front(), out, {{"own", TlsRecordLayer::kOwn}, {"openssl", TlsRecordLayer::kOpenssl}});
}

Status read_value(const Texts& texts, QueueKind& out) {
  return choose(texts.front(), out, {{"in_process", QueueKind::kInProcess}, {"amqp", QueueKind::kAmqp}});
}

Status read_value(const Texts& texts, std::vector<adapters::BrokerUrl>& out) {
  out.clear();
  for (const auto& text : texts) {
    auto url = adapters::parse_broker_url(text);
    if (!url) return std::unexpected(url.error());
    out.push_back(std::move(*url));
  }
  return {};
}

Status read_value(const Texts& texts, SenderRules& out) {
  return choose(texts.front(), out, {{"strict", SenderRules::kStrict}, {"lenient", SenderRules::kLenient}});
}

Status read_value(const Texts& texts, MissingData& out) {
  return choose(texts.front(), out, {{"refuse", MissingData::kRefuse}, {"accept", MissingData::kAccept}});
}

Status read_value(const Texts& texts, PrivateHosts& out) {
  return choose(texts.front(), out, {{"refuse", PrivateHosts::kRefuse}, {"allow", PrivateHosts::kAllow}});
}

Status read_value(const Texts& texts, std::vector<std::string>& out) {
  out.clear();
  for (const auto& text : texts) {
    const bool is_v6 = text.find(':') != std::string::npos;
    const auto url = transport::Url::parse("http://" + (is_v6 ? "[" + text + "]" : text));
    if (!url || url->target != "/") return fail(ErrorKind::kInvalid, "'" + text + "' is not a host name");
    out.push_back(url->host);
  }
  return {};
}

}  // namespace herald::app
