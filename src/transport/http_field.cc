#include "transport/http_field.h"

#include <algorithm>

namespace herald::transport {
namespace {

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

template <class Matches>
bool any_element(std::string_view list, Matches matches) {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (matches(trim_field(list.substr(0, comma)))) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [kMarks](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || kMarks.contains(c);
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

std::string_view trim_field(std::string_view value) {
  const std::size_t begin = value.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return value.substr(begin, value.find_last_not_of(" \t") - begin + 1);
}

bool list_has(std::string_view list, std::string_view item) {
  return any_element(list, [item](std::string_view element) { return element == item; });
}

bool list_has_ignoring_case(std::string_view list, std::string_view item) {
  return any_element(list, [item](std::string_view element) { return equals_ignoring_case(element, item); });
}

}  // namespace herald::transport
