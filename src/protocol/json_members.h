#pragma once
// Takes a JSON object or array apart without reading its values, so that one that is too deep, or that strict JSON
// refuses, can be left out while the others are kept.

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace herald::protocol {

// The members of the object `text`, in document order: each name, with its quotes, and the text of its value. Views
// into `text`. Neither is checked beyond where it ends: parse it before it is used. nullopt: `text` is no object, or is
// cut off, or something follows it. Any depth of nesting; uses no stack.
[[nodiscard]] std::optional<std::vector<std::pair<std::string_view, std::string_view>>> split_json_object(
    std::string_view text);

// The elements of the array `text`, in the same way.
[[nodiscard]] std::optional<std::vector<std::string_view>> split_json_array(std::string_view text);

}  // namespace herald::protocol
