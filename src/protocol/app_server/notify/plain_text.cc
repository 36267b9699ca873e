#include "protocol/app_server/notify/plain_text.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::protocol::notify {

namespace {

struct Field {
  std::string_view name;
  bool number;
};
constexpr std::array<Field, 7> kFields{{{"id", false},
                                        {"title", false},
                                        {"priority", true},
                                        {"ttl", true},
                                        {"timestamp", true},
                                        {"signs", false},
                                        {"signature", false}}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// "application/json", "application/problem+json; charset=utf-8" and the like.
bool is_json_type(std::string_view content_type) {
  std::string type = lower(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  return type.ends_with("/json") || type.ends_with("+json");
}

constexpr std::uint64_t kDepthMost = 512;

bool is_text(std::string_view text) {
  return is_valid_utf8(text) && !text.contains('\0');
}

// As JSON has them: no leading zero. Longer ones stay text, and are judged as such.
bool is_whole_number(std::string_view text) {
  constexpr std::size_t kDigitsMost = 15;
  return !text.empty() && text.size() <= kDigitsMost && (text.size() == 1 || text.front() != '0') &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_plain_text(std::string_view body, std::string_view content_type) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (is_json_type(content_type)) return false;
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || body[first] == '{') return false;
  // "[urgent] Disk full" is text.
  const bool may_be_json = body[first] == '[' || body[first] == '"';
  return !may_be_json || !JsonDocument::parse(body, kDepthMost);
}

std::optional<std::string> json_of_text(std::string_view body, const FieldSource& field) {
  if (!is_text(body)) return std::nullopt;
  std::string out = R"({"message":)";
  append_json_string(out, body);
  for (const auto& [name, number] : kFields) {
    const auto value = field(name);
    if (!value) continue;
    if (!is_text(*value)) return std::nullopt;
    out.append(",\"").append(name).append("\":");
    if (number && is_whole_number(*value)) {
      out += *value;
    } else {
      append_json_string(out, *value);
    }
  }
  out.push_back('}');
  return out;
}

}  // namespace herald::protocol::notify
