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
