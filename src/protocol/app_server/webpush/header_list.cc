#include "protocol/app_server/webpush/header_list.h"

#include <algorithm>

#include "base/encoding.h"

namespace herald::protocol::webpush {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view without_padding(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::vector<std::string_view> HeaderList::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : fields_) {
    if (equals_ignoring_case(key, name)) values.push_back(trimmed(value));
  }
  return values;
}

std::optional<std::string> HeaderList::merged(std::string_view name) const {
  std::optional<std::string> out;
  for (const std::string_view value : all(name)) {
    if (!out) {
      out.emplace(value);
    } else {
      out->append(", ").append(value);
    }
  }
  return out;
}

std::vector<std::string_view> split_outside_quotes(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted || text[i] != separator) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

Result<Parameter> parse_parameter(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trimmed(text.substr(0, std::min(equals, text.size())));
  if (equals == std::string_view::npos || name.empty()) return fail(ErrorKind::kInvalid, "not a parameter");
  std::string_view value = trimmed(text.substr(equals + 1));
  if (value.starts_with('"')) {
    if (value.size() < 2 || !value.ends_with('"')) return fail(ErrorKind::kInvalid, "a quote is missing");
    value = value.substr(1, value.size() - 2);
  }
  if (value.find('"') != std::string_view::npos) return fail(ErrorKind::kInvalid, "a quote inside a value");
  return Parameter{lower_case(name), std::string(value)};
}

Result<CryptoHeader> CryptoHeader::parse(std::string_view text) {
  CryptoHeader header;
  for (const std::string_view entry : split_outside_quotes(text, ',')) {
    if (entry.empty()) continue;
    Entry& parameters = header.entries_.emplace_back();
    for (const std::string_view part : split_outside_quotes(entry, ';')) {
      if (part.empty()) continue;
      auto parameter = parse_parameter(part);
      if (!parameter) return std::unexpected(parameter.error());
      parameters.push_back(std::move(*parameter));
    }
  }
  return header;
}

std::optional<std::string_view> CryptoHeader::find(std::string_view name) const {
  for (const auto& entry : entries_) {
    const auto found = std::ranges::find(entry, name, &Parameter::name);
    if (found != entry.end()) return found->value;
  }
  return std::nullopt;
}

std::string CryptoHeader::without(std::string_view except) const {
  std::string out;
  for (const auto& entry : entries_) {
    std::string text;
    for (const auto& [name, value] : entry) {
      if (name == except) continue;
      if (!text.empty()) text.push_back(';');
      text.append(name).append("=").append(without_padding(value));
    }
    if (text.empty()) continue;
    if (!out.empty()) out.push_back(',');
    out += text;
  }
  return out;
}

Result<std::vector<std::uint8_t>> decode_any_base64(std::string_view text) {
  std::string url(without_padding(text));
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return from_base64url(url);
}

}  // namespace herald::protocol::webpush
