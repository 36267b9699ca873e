#include "transport/proxy_header.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace herald::transport {

namespace {

using State = ProxyHeader::State;

constexpr std::string_view kText = "PROXY ";
constexpr std::string_view kBinary("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kTextMost = 107;
constexpr std::size_t kBinaryHead = 16;  // signature, version and command, family, length
constexpr std::uint8_t kChecksumType = 0x03;
constexpr std::size_t kChecksumBytes = 4;

constexpr ProxyHeader kMalformed{.state = State::kMalformed, .bytes = 0, .source = std::nullopt};
constexpr ProxyHeader kNeedMore{.state = State::kNeedMore, .bytes = 0, .source = std::nullopt};

bool begins(std::string_view bytes, std::string_view with) {
  return bytes.substr(0, with.size()) == with.substr(0, bytes.size());
}

// The word before the next space, which is taken off too.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// A decimal number without leading zeros.
std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool padded = text.size() > 1 && text.front() == '0';
  if (error != std::errc() || end != text.data() + text.size() || padded) return std::nullopt;
  return port;
}

// Of the family that the line names; IPv4 in IPv6 notation is of the latter.
std::optional<IpAddress> read_ip(std::string_view text, bool v6) {
  const auto ip = IpAddress::parse(text);
  if (!ip || text.contains(':') != v6) return std::nullopt;
  return *ip;
}

// "TCP4 192.0.2.1 192.0.2.2 56324 443", without the line's end (§2.1).
ProxyHeader read_line(std::string_view line) {
  ProxyHeader out{.state = State::kComplete, .bytes = kText.size() + line.size() + 2, .source = std::nullopt};
  const bool ends_in_space = line.ends_with(' ');
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return out;
  if ((family != "TCP4" && family != "TCP6") || ends_in_space) return kMalformed;
  const auto source = read_ip(take_word(line), family == "TCP6");
  const auto destination = read_ip(take_word(line), family == "TCP6");
  const auto source_port = read_port(take_word(line));
  const auto destination_port = read_port(take_word(line));
  if (!source || !destination || !source_port || !destination_port || !line.empty()) return kMalformed;
  out.source = SocketAddress{*source, *source_port};
  return out;
}

ProxyHeader read_text(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, kTextMost);
  const std::size_t end = line.find('\n');
  if (end == std::string_view::npos) return bytes.size() < kTextMost ? kNeedMore : kMalformed;
  if (line[end - 1] != '\r') return kMalformed;
  const std::string_view words = line.substr(kText.size(), end - 1 - kText.size());
  return words.contains('\r') || words.contains('\0') ? kMalformed : read_line(words);
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::size_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::size_t>(byte_at(bytes, at)) << 8U | byte_at(bytes, at + 1);
}

// CRC-32C (RFC 3720, appendix B.4) of `bytes`, in which the checksum at `hole` counts as zeros.
std::uint32_t checksum(std::string_view bytes, std::size_t hole) {
  constexpr std::uint32_t kReversedPolynomial = 0x82f63b78;
  std::uint32_t sum = 0xffffffff;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at < hole || at >= hole + kChecksumBytes) sum ^= byte_at(bytes, at);
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1U ^ ((sum & 1U) != 0 ? kReversedPolynomial : 0);
  }
  return ~sum;
}

// The extensions of `header`, from `at` on, are whole, and the checksum is right if there is one (§2.2.3).
bool extensions_hold(std::string_view header, std::size_t at) {
  constexpr std::size_t kHead = 3;  // type, length
  while (at < header.size()) {
    if (header.size() - at < kHead) return false;
    const std::uint8_t type = byte_at(header, at);
    const std::size_t length = number_at(header, at + 1);
    at += kHead;
    if (header.size() - at < length) return false;
    if (type == kChecksumType) {
      if (length != kChecksumBytes) return false;
      const std::size_t sum = number_at(header, at) << 16U | number_at(header, at + 2);
      if (sum != checksum(header, at)) return false;
    }
    at += length;
  }
  return true;
}

SocketAddress address_of(std::string_view header, bool v6) {
  sockaddr_storage storage{};
  const char* const from = header.data() + kBinaryHead;
  if (v6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    std::memcpy(&address.sin6_addr, from, 16);
    std::memcpy(&address.sin6_port, from + 32, 2);
    std::memcpy(&storage, &address, sizeof address);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::memcpy(&address.sin_addr, from, 4);
    std::memcpy(&address.sin_port, from + 8, 2);
    std::memcpy(&storage, &address, sizeof address);
  }
  return SocketAddress::from_sockaddr(storage);
}

// The size of the addresses of a family and transport (§2.2); nullopt: unknown.
std::optional<std::size_t> address_bytes(std::uint8_t family) {
  switch (family) {
    case 0x00:  // AF_UNSPEC
      return 0;
    case 0x11:  // TCP over IPv4
      return 12;
    case 0x21:  // TCP over IPv6
      return 36;
    case 0x31:  // a UNIX stream
      return 216;
    default:
      return std::nullopt;
  }
}

ProxyHeader read_binary(std::string_view bytes, std::uint64_t most_bytes) {
  if (bytes.size() < kBinaryHead) return kNeedMore;
  const std::uint8_t version_and_command = byte_at(bytes, 12);
  const bool local = version_and_command == 0x20;
  if (!local && version_and_command != 0x21) return kMalformed;
  const std::size_t size = kBinaryHead + number_at(bytes, 14);
  if (size > most_bytes) return kMalformed;
  const std::uint8_t family = byte_at(bytes, 13);
  const auto addresses = address_bytes(family);
  // What a LOCAL header says of addresses is to be ignored.
  if (!local && (!addresses || size - kBinaryHead < *addresses)) return kMalformed;
  if (bytes.size() < size) return kNeedMore;
  const std::string_view header = bytes.substr(0, size);
  ProxyHeader out{.state = State::kComplete, .bytes = size, .source = std::nullopt};
  if (local || family == 0x00) return out;
  if (!extensions_hold(header, kBinaryHead + *addresses)) return kMalformed;
  if (family != 0x31) out.source = address_of(header, family == 0x21);
  return out;
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes, std::uint64_t most_bytes) {
  if (bytes.empty()) return kNeedMore;
  if (begins(bytes, kText)) return bytes.size() < kText.size() ? kNeedMore : read_text(bytes);
  if (begins(bytes, kBinary)) return bytes.size() < kBinary.size() ? kNeedMore : read_binary(bytes, most_bytes);
  return {.state = State::kAbsent, .bytes = 0, .source = std::nullopt};
}

}  // namespace herald::transport
