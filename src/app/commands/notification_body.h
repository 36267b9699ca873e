#pragma once
// The body that `herald send` posts.

#include <string>
#include <string_view>

#include "app/commands/commands.h"
#include "base/result.h"

namespace herald::app {

// `message` is the text, or JSON if the command says so; `signature_hex` may be empty. With a key to sign with, the
// body says that the signature covers the whole request. kInvalid: `message` should be JSON and is not, is not UTF-8,
// or the timestamp is no number.
[[nodiscard]] Result<std::string> notification_body(const SendCommand& command, std::string_view message,
                                                    std::string_view signature_hex);

// What a signature of the whole request covers (docs/protocols.md §4.1), for a `body` that says so and is otherwise
// complete. kInvalid: `notify_url` has no notify token, or a server would refuse the body.
[[nodiscard]] Result<std::string> bytes_to_sign(const std::string& notify_url, std::string_view body);

// <notify URL>/messages/<id>, the id percent-encoded.
[[nodiscard]] std::string receipt_url(const std::string& notify_url, std::string_view id);

}  // namespace herald::app
