#include "transport/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace herald::transport {

namespace {

constexpr std::uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

constexpr std::uint8_t kTranslatedPrefix[12] = {0, 0x64, 0xff, 0x9b};

// A decimal number without sign or spaces, at most `most`.
Result<unsigned> parse_number(std::string_view text, unsigned most, const char* what) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > most) {
    return fail(ErrorKind::kInvalid, "not a " + std::string(what) + ": " + std::string(text));
  }
  return value;
}

Error not_an_address(std::string_view text) {
  return {ErrorKind::kInvalid, "not an IP address: " + std::string(text)};
}

}  // namespace

IpAddress IpAddress::from_v6(const std::uint8_t* bytes) {
  IpAddress out;
  out.v6_ = std::memcmp(bytes, kMappedPrefix, sizeof kMappedPrefix) != 0;
  if (out.v6_) {
    std::memcpy(out.bytes_, bytes, 16);
  } else {
    std::memcpy(out.bytes_, bytes + sizeof kMappedPrefix, 4);
  }
  return out;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  char literal[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof literal || text.find('\0') != std::string_view::npos) {
    return std::unexpected(not_an_address(text));
  }
  std::copy(text.begin(), text.end(), literal);
  IpAddress v4;
  if (inet_pton(AF_INET, literal, v4.bytes_) == 1) return v4;
  std::uint8_t v6[16];
  if (inet_pton(AF_INET6, literal, v6) == 1) return from_v6(v6);
  return std::unexpected(not_an_address(text));
}

IpAddress IpAddress::from_sockaddr(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &from, sizeof v6);
    return from_v6(v6.sin6_addr.s6_addr);
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &from, sizeof v4);
  IpAddress out;
  std::memcpy(out.bytes_, &v4.sin_addr, 4);
  return out;
}

IpAddress IpAddress::client_network(std::uint64_t v6_prefix_bits) const {
  if (!v6_) return *this;
  IpAddress out;
  if (std::memcmp(bytes_, kTranslatedPrefix, sizeof kTranslatedPrefix) == 0) {
    std::memcpy(out.bytes_, bytes_ + sizeof kTranslatedPrefix, 4);
    return out;
  }
  out.v6_ = true;
  const std::size_t whole = std::min<std::size_t>(v6_prefix_bits / 8, sizeof bytes_);
  std::memcpy(out.bytes_, bytes_, whole);
  if (whole < sizeof bytes_)
    out.bytes_[whole] = static_cast<std::uint8_t>(bytes_[whole] & ~(0xffU >> v6_prefix_bits % 8));
  return out;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_, text, sizeof text);
  return text;
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(ErrorKind::kInvalid, "not an address with a port: " + std::string(text));
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Without brackets the last group of an IPv6 address would be taken for a port.
  if (bracketed != host.contains(':')) return std::unexpected(not_an_address(text));
  auto ip = IpAddress::parse(host);
  if (!ip) return std::unexpected(std::move(ip.error()));
  auto port = parse_number(text.substr(colon + 1), 65535, "port");
  if (!port) return std::unexpected(std::move(port.error()));
  return SocketAddress{*ip, static_cast<std::uint16_t>(*port)};
}

std::string SocketAddress::to_string() const {
  const std::string host = ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string();
  return host + ":" + std::to_string(port);
}

socklen_t SocketAddress::to_sockaddr(sockaddr_storage& out) const {
  out = {};
  if (ip.is_v6()) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, ip.data(), 16);
    std::memcpy(&out, &v6, sizeof v6);
    return sizeof v6;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  std::memcpy(&v4.sin_addr, ip.data(), 4);
  std::memcpy(&out, &v4, sizeof v4);
  return sizeof v4;
}

SocketAddress SocketAddress::from_sockaddr(const sockaddr_storage& from) {
  // The port lies at the same place in sockaddr_in and sockaddr_in6.
  sockaddr_in v4{};
  std::memcpy(&v4, &from, sizeof v4);
  return {IpAddress::from_sockaddr(from), ntohs(v4.sin_port)};
}

Result<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::unexpected(std::move(base.error()));
  const auto width = static_cast<unsigned>(base->size() * 8);
  Network out;
  out.base_ = *base;
  out.prefix_bits_ = width;
  if (slash == std::string_view::npos) return out;
  auto bits = parse_number(text.substr(slash + 1), width, "prefix length");
  if (!bits) return std::unexpected(std::move(bits.error()));
  out.prefix_bits_ = *bits;
  return out;
}

bool Network::contains(const IpAddress& ip) const {
  if (ip.is_v6() != base_.is_v6()) return false;
  const unsigned whole = prefix_bits_ / 8;
  if (std::memcmp(ip.data(), base_.data(), whole) != 0) return false;
  const unsigned rest = prefix_bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xffU << (8 - rest));
  return ((ip.data()[whole] ^ base_.data()[whole]) & mask) == 0;
}

std::string Network::to_string() const {
  return base_.to_string() + "/" + std::to_string(prefix_bits_);
}

}  // namespace herald::transport
