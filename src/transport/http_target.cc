#include "transport/http_target.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "transport/address.h"
#include "transport/http_field.h"

namespace herald::transport {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// RFC 3986's reg-name, which an IPv4 address is too.
bool is_name(std::string_view host) {
  constexpr std::string_view kDelimiters = "!$&'()*+,;=%";
  return !host.empty() && is_percent_encoded(host) &&
         std::ranges::all_of(host, [kDelimiters](char c) { return is_unreserved(c) || kDelimiters.contains(c); });
}

bool is_v6_literal(std::string_view host) {
  return host.size() > 2 && host.ends_with(']') && host.contains(':') &&
         IpAddress::parse(host.substr(1, host.size() - 2)).has_value();
}

bool is_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return digits.empty() || (error == std::errc() && end == digits.data() + digits.size());
}

// The unreserved character that "%XX" at `at` stands for.
std::optional<char> encoded_unreserved(std::string_view path, std::size_t at) {
  const char c = static_cast<char>(hex_digit(path[at + 1]) * 16 + hex_digit(path[at + 2]));
  return is_unreserved(c) ? std::optional(c) : std::nullopt;
}

std::string decode_unreserved(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (std::size_t at = 0; at < path.size(); ++at) {
    const auto decoded = path[at] == '%' ? encoded_unreserved(path, at) : std::nullopt;
    out.push_back(decoded.value_or(path[at]));
    if (decoded) at += 2;
  }
  return out;
}

}  // namespace

bool is_authority(std::string_view text) {
  const std::size_t bracket = text.starts_with('[') ? std::min(text.find(']'), text.size()) : 0;
  const std::size_t colon = std::min(text.find(':', bracket), text.size());
  const std::string_view host = text.substr(0, colon);
  if (colon < text.size() && !is_port(text.substr(colon + 1))) return false;
  return host.starts_with('[') ? is_v6_literal(host) : is_name(host);
}

std::optional<RequestTarget> split_target(std::string_view method, std::string_view target) {
  using Form = RequestTarget::Form;
  if (target.contains('#')) return std::nullopt;
  if (method == "CONNECT") {
    if (!is_authority(target) || !target.contains(':')) return std::nullopt;
    return RequestTarget{.form = Form::kAuthority, .path = {}, .query = {}};
  }
  if (target == "*") {
    if (method != "OPTIONS") return std::nullopt;
    return RequestTarget{.form = Form::kAsterisk, .path = "*", .query = {}};
  }
  RequestTarget out;
  std::string_view rest = target;
  if (!rest.starts_with('/')) {
    const std::size_t scheme = rest.find("://");
    if (scheme == std::string_view::npos) return std::nullopt;
    const std::string_view name = rest.substr(0, scheme);
    if (!equals_ignoring_case(name, "http") && !equals_ignoring_case(name, "https")) return std::nullopt;
    rest.remove_prefix(scheme + 3);
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    if (!is_authority(rest.substr(0, end))) return std::nullopt;
    rest.remove_prefix(end);
    out.form = Form::kAbsolute;
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  out.path = question == 0 ? std::string_view("/") : rest.substr(0, question);
  if (question < rest.size()) out.query = rest.substr(question + 1);
  // RFC 9112 §3.2.4.
  if (method == "OPTIONS" && out.form == Form::kAbsolute && rest.empty()) {
    return RequestTarget{.form = Form::kAsterisk, .path = "*", .query = {}};
  }
  return out;
}

bool is_percent_encoded(std::string_view path) {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    if (at + 2 >= path.size() || hex_digit(path[at + 1]) < 0 || hex_digit(path[at + 2]) < 0) return false;
  }
  return true;
}

bool is_normal_path(std::string_view path) {
  return !path.contains('%') && !path.contains("//") && !path.contains("/.") &&
         (path.size() == 1 || !path.ends_with('/'));
}

std::string normal_path(std::string_view path) {
  const std::string decoded = decode_unreserved(path);
  std::vector<std::string_view> segments;
  std::string_view rest = decoded;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (const auto segment : segments) out.append("/").append(segment);
  return out.empty() ? "/" : out;
}

}  // namespace herald::transport
