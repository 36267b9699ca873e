#pragma once
// Socket addresses as values.

#include <netinet/in.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace herald::transport {

// An IPv4 or IPv6 address; IPv4-mapped IPv6 is turned into IPv4.
class IpAddress {
 public:
  IpAddress() = default;
  // A literal only, no names. kInvalid.
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);
  static IpAddress from_sockaddr(const sockaddr_storage& from);

  [[nodiscard]] bool is_v6() const { return v6_; }
  [[nodiscard]] std::string to_string() const;
  // What counts as one client: an IPv6 address cut to its first `v6_prefix_bits` bits (1 to 128), an IPv4 address
  // whole. An address of 64:ff9b::/96 counts as the IPv4 address that it stands for (RFC 6052 §2.1).
  [[nodiscard]] IpAddress client_network(std::uint64_t v6_prefix_bits) const;
  auto operator<=>(const IpAddress&) const = default;
  [[nodiscard]] const std::uint8_t* data() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return v6_ ? 16 : 4; }

 private:
  static IpAddress from_v6(const std::uint8_t* bytes);

  bool v6_ = false;
  std::uint8_t bytes_[16] = {};
};

// Address and port: "127.0.0.1:8080", "[::1]:0".
struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  [[nodiscard]] static Result<SocketAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  // Fills `out`; returns its length.
  socklen_t to_sockaddr(sockaddr_storage& out) const;
  static SocketAddress from_sockaddr(const sockaddr_storage& from);
  auto operator<=>(const SocketAddress&) const = default;
};

// A network in CIDR form: "10.0.0.0/8", "fc00::/7"; an address alone is a network of one. Bits past the prefix are
// ignored.
class Network {
 public:
  [[nodiscard]] static Result<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& ip) const;
  [[nodiscard]] std::string to_string() const;

 private:
  IpAddress base_;
  unsigned prefix_bits_ = 0;
};

}  // namespace herald::transport
