#pragma once
// The body that `herald send` posts.

#include <string>
#include <string_view>

#include "app/commands/commands.h"
#include "base/result.h"

namespace herald::app {

// `message` is the text, or JSON if the command says so; `signature_hex` may be empty. kInvalid: `message` should be
// JSON and is not, is not UTF-8, or the timestamp is no number.
[[nodiscard]] Result<std::string> notification_body(const SendCommand& command, std::string_view message,
                                                    std::string_view signature_hex);

// <notify URL>/messages/<id>, the id percent-encoded.
[[nodiscard]] std::string receipt_url(const std::string& notify_url, std::string_view id);

}  // namespace herald::app
