#pragma once
// A notification whose body is the message itself, as `curl -d "Dinner is ready" URL` posts it (docs/protocols.md
// §4.1).

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace herald::protocol::notify {

// True if a body is text: it is not empty, its content type is not JSON, it does not begin as a JSON object does, and
// it is no JSON array or string. `content_type`: empty if there is none.
[[nodiscard]] bool is_plain_text(std::string_view body, std::string_view content_type);

// Gives the value of the field of that name; nullopt: it was not sent.
using FieldSource = std::function<std::optional<std::string>(std::string_view name)>;

// The JSON that says the same: `body` as "message", and those of id, title, priority, ttl, timestamp and signature that
// `field` has; a value of digits becomes a number where one may stand. nullopt: `body` or a value is not UTF-8 or holds
// a NUL, which no JSON of ours may.
[[nodiscard]] std::optional<std::string> json_of_text(std::string_view body, const FieldSource& field);

}  // namespace herald::protocol::notify
