#include "load/http_response.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace herald::load {

namespace {

using Form = HttpAnswer::Form;

struct Framing {
  std::optional<std::size_t> length;
  bool chunked = false;
};

bool same(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

bool read_field(std::string_view line, HttpAnswer& answer, Framing& framing) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const auto name = line.substr(0, colon);
  const auto value = trimmed(line.substr(colon + 1));
  if (same(name, "location")) answer.location = value;
  if (same(name, "connection") && same(value, "close")) answer.close = true;
  if (same(name, "transfer-encoding")) framing.chunked = same(value, "chunked");
  if (!same(name, "content-length")) return true;
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  framing.length = length;
  return error == std::errc() && end == value.data() + value.size() && length <= kResponseMaxBytes;
}

bool read_head(std::string_view head, HttpAnswer& answer, Framing& framing) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return false;
  const auto status = head.substr(9, 3);
  if (std::from_chars(status.data(), status.data() + 3, answer.status).ec != std::errc()) return false;
  answer.close = head[7] == '0';
  for (auto at = head.find('\n'); at + 1 < head.size();) {
    const auto end = std::min(head.find('\n', at + 1), head.size());
    if (!read_field(head.substr(at + 1, end - at - 1), answer, framing)) return false;
    at = end;
  }
  return true;
}

// Answers the bytes that the chunks take; 0: unfinished; nullopt: broken.
std::optional<std::size_t> read_chunks(std::string_view bytes, std::string& body) {
  body.clear();
  std::size_t at = 0;
  for (;;) {
    const auto line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) return 0;
    std::size_t size = 0;
    if (std::from_chars(bytes.data() + at, bytes.data() + line_end, size, 16).ec != std::errc()) return std::nullopt;
    if (size > kResponseMaxBytes) return std::nullopt;
    at = line_end + 2;
    if (bytes.size() < at + size + 2) return 0;
    if (size == 0) {
      const auto end = bytes.substr(at).starts_with("\r\n") ? at : bytes.find("\r\n\r\n", at);
      return end == std::string_view::npos ? 0 : end + (end == at ? 2 : 4);
    }
    body += bytes.substr(at, size);
    at += size + 2;
  }
}

}  // namespace

HttpAnswer read_http_answer(std::string_view bytes, std::string& scratch) {
  HttpAnswer answer;
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    if (bytes.size() > kResponseMaxBytes) answer.form = Form::kBroken;
    return answer;
  }
  Framing framing;
  answer.form = Form::kBroken;
  if (!read_head(bytes.substr(0, head_end), answer, framing)) return answer;

  const std::size_t at = head_end + 4;
  const bool bare = answer.status / 100 == 1 || answer.status == 204 || answer.status == 304;
  if (framing.chunked && !bare) {
    const auto size = read_chunks(bytes.substr(at), scratch);
    if (!size) return answer;
    answer.form = *size == 0 ? Form::kUnfinished : Form::kWhole;
    answer.body = scratch;
    answer.bytes = at + *size;
    return answer;
  }
  // A body that only the connection's end delimits has no place on a connection that is used again.
  if (!bare && !framing.length) return answer;
  const std::size_t length = bare ? 0 : *framing.length;
  answer.form = bytes.size() < at + length ? Form::kUnfinished : Form::kWhole;
  answer.body = bytes.substr(at, length);
  answer.bytes = at + length;
  return answer;
}

}  // namespace herald::load
