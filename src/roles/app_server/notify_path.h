#pragma once
// What a path under /notify names: an app, or one message of it.

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"
#include "protocol/app_server/notify/notify.h"

namespace herald::roles::app_server {

struct NotifyPath {
  AppId app;
  std::optional<std::string> message;  // percent-decoded: the sender's id, or a messageId in hex
};

// True if `path` has the form /notify/<token>/messages/<id>, whether the token is valid or not.
[[nodiscard]] bool names_message(std::string_view path);

// Rows S13 and S20: 404. An id that is empty, badly encoded, or not UTF-8 is 404 too.
[[nodiscard]] std::expected<NotifyPath, protocol::notify::Rejection> parse_notify_path(
    std::string_view path, std::optional<std::string_view> query_token);

// RFC 3986 §2.1. nullopt: a '%' without two hex digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace herald::roles::app_server
