#include "base/ip_literal.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

namespace herald {
namespace {

constexpr std::size_t kMappedPrefixSize = 12;

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, address, text.data(), text.size());
}

}  // namespace

std::optional<std::string> canonical_ip(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  in_addr v4{};
  if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return text_of(AF_INET, &v4);
  in6_addr v6{};
  if (inet_pton(AF_INET6, terminated.c_str(), &v6) != 1) return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return text_of(AF_INET, &v6.s6_addr[kMappedPrefixSize]);
  return text_of(AF_INET6, &v6);
}

}  // namespace herald
