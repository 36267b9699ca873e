#include "roles/app_server/notify_path.h"

#include <utility>

#include "base/encoding.h"

namespace herald::roles::app_server {

namespace {

constexpr std::string_view kPrefix = "/notify";
constexpr std::string_view kMessages = "/messages/";

std::string_view after_prefix(std::string_view path) {
  return path.starts_with(kPrefix) ? path.substr(kPrefix.size()) : path;
}

// Where "/messages/" follows the token segment of `rest`; npos if it does not.
std::size_t messages_at(std::string_view rest) {
  if (rest.empty()) return std::string_view::npos;
  const auto slash = rest.find('/', 1);
  if (slash == std::string_view::npos || !rest.substr(slash).starts_with(kMessages)) return std::string_view::npos;
  return slash;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool names_message(std::string_view path) {
  return messages_at(after_prefix(path)) != std::string_view::npos;
}

std::expected<NotifyPath, protocol::notify::Rejection> parse_notify_path(std::string_view path,
                                                                         std::optional<std::string_view> query_token) {
  const auto rest = after_prefix(path);
  const auto at = messages_at(rest);
  auto app = protocol::notify::parse_app(rest.substr(0, at), query_token);
  if (!app) return std::unexpected(std::move(app.error()));
  if (at == std::string_view::npos) return NotifyPath{*app, std::nullopt};
  auto id = percent_decode(rest.substr(at + kMessages.size()));
  if (!id || id->empty() || !is_valid_utf8(*id)) {
    return std::unexpected(protocol::notify::Rejection{404, "No such message", "unknown_message"});
  }
  return NotifyPath{*app, std::move(id)};
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace herald::roles::app_server
