#pragma once
// Texts to the types of options.def.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "app/configuration.h"
#include "base/result.h"

namespace herald::app {

using Texts = std::vector<std::string>;

// Each sets `out`, or answers kInvalid with what was wrong and what would be right. An option that is no list is
// given one text.
[[nodiscard]] Status read_value(const Texts& texts, std::string& out);
[[nodiscard]] Status read_value(const Texts& texts, SecretText& out);
[[nodiscard]] Status read_value(const Texts& texts, std::uint64_t& out);
[[nodiscard]] Status read_value(const Texts& texts, transport::SocketAddress& out);
[[nodiscard]] Status read_value(const Texts& texts, std::vector<transport::SocketAddress>& out);
[[nodiscard]] Status read_value(const Texts& texts, std::vector<transport::Network>& out);
[[nodiscard]] Status read_value(const Texts& texts, RoleSet& out);
[[nodiscard]] Status read_value(const Texts& texts, LogFormat& out);
[[nodiscard]] Status read_value(const Texts& texts, LogLevel& out);
[[nodiscard]] Status read_value(const Texts& texts, StoreKind& out);
[[nodiscard]] Status read_value(const Texts& texts, LoopDescriptors& out);
[[nodiscard]] Status read_value(const Texts& texts, transport::TlsRecordLayer& out);
[[nodiscard]] Status read_value(const Texts& texts, QueueKind& out);
[[nodiscard]] Status read_value(const Texts& texts, std::vector<adapters::BrokerUrl>& out);
[[nodiscard]] Status read_value(const Texts& texts, SenderRules& out);
[[nodiscard]] Status read_value(const Texts& texts, MissingData& out);
[[nodiscard]] Status read_value(const Texts& texts, PrivateHosts& out);
// Host names, turned to lower case.
[[nodiscard]] Status read_value(const Texts& texts, std::vector<std::string>& out);

// ADDR:PORT with an address literal or localhost, which is 127.0.0.1. kInvalid: something else; other names may be
// several addresses, or none at the next start.
[[nodiscard]] Result<transport::SocketAddress> parse_address(const std::string& text);

[[nodiscard]] Result<std::uint64_t> parse_number(std::string_view text);

}  // namespace herald::app
