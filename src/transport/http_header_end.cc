#include "transport/http_header_end.h"

namespace herald::transport {

namespace {

bool begins_a_method(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '\r';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

HttpHeaderEnd::Found HttpHeaderEnd::find(std::string_view header) {
  if (!header.empty() && !begins_a_method(header.front())) return {.malformed = true};
  while (line_ < header.size()) {
    if (is_blank(header[line_])) return {.malformed = true};
    const auto end = header.find('\n', line_);
    if (end == std::string_view::npos) break;
    if (end == line_ || header[end - 1] != '\r') return {.malformed = true};
    const bool empty_line = end - line_ == 1;
    line_ = end + 1;
    if (empty_line) return {.complete = true, .bytes = line_};
  }
  return {.bytes = header.size()};
}

}  // namespace herald::transport
