#pragma once
// Header field names and comma-separated values (RFC 9110 §5).

#include <string_view>

namespace herald::transport {

// Field names and most keywords compare without regard to case (ASCII only).
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

// A word of RFC 9110 §5.6.2: what methods and field names are made of.
[[nodiscard]] bool is_token(std::string_view text);
// No control characters but tabs, so that it can't end its line (§5.5). May be empty.
[[nodiscard]] bool is_field_value(std::string_view text);

// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trim_field(std::string_view value);

// True if `list`, such as "keep-alive, Upgrade", has the element `item`, spelt exactly so.
[[nodiscard]] bool list_has(std::string_view list, std::string_view item);
// The same, without regard to case.
[[nodiscard]] bool list_has_ignoring_case(std::string_view list, std::string_view item);

}  // namespace herald::transport
