#include "transport/entity_tag.h"

#include <algorithm>
#include <array>
#include <utility>

#include "transport/http_field.h"

namespace herald::transport {

namespace {

bool is_tag_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

// Takes one entity tag from the front of `rest`; nullopt: there is none.
std::optional<std::string_view> take_opaque_tag(std::string_view& rest) {
  if (rest.starts_with("W/")) rest.remove_prefix(2);
  if (!rest.starts_with('"')) return std::nullopt;
  const std::size_t end = rest.find('"', 1);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view tag = rest.substr(1, end - 1);
  if (!std::ranges::all_of(tag, is_tag_character)) return std::nullopt;
  rest = trim_field(rest.substr(end + 1));
  return tag;
}

// nullopt: not a list of entity tags. Empty elements are allowed (RFC 9110 §5.6.1.2).
std::optional<std::vector<std::string>> read_tags(std::string_view rest) {
  std::vector<std::string> tags;
  while (!rest.empty()) {
    if (rest.front() != ',') {
      const auto tag = take_opaque_tag(rest);
      if (!tag || (!rest.empty() && rest.front() != ',')) return std::nullopt;
      tags.emplace_back(*tag);
    }
    if (!rest.empty()) rest = trim_field(rest.substr(1));
  }
  return tags;
}

// `tag` is `own`, or `own` as an intermediary names its compressed form.
bool names(std::string_view tag, std::string_view own) {
  constexpr std::array<std::string_view, 5> kCodings{"gzip", "br", "zstd", "deflate", "compress"};
  if (!tag.starts_with(own)) return false;
  std::string_view coding = tag.substr(own.size());
  if (coding.empty()) return true;
  for (int dashes = 0; dashes < 2 && coding.starts_with('-'); ++dashes) coding.remove_prefix(1);
  return coding.size() < tag.size() - own.size() && std::ranges::find(kCodings, coding) != kCodings.end();
}

}  // namespace

IfNoneMatch IfNoneMatch::parse(std::string_view value) {
  IfNoneMatch out;
  const std::string_view text = trim_field(value);
  out.any_ = text == "*";
  if (out.any_) return out;
  if (auto tags = read_tags(text)) out.opaque_tags_ = std::move(*tags);
  return out;
}

IfNoneMatch IfNoneMatch::of(const HttpRequest& request) {
  std::string all;
  for (const auto& [name, value] : request.headers) {
    if (!equals_ignoring_case(name, "If-None-Match")) continue;
    if (!all.empty()) all += ", ";
    all += value;
  }
  return parse(all);
}

bool IfNoneMatch::matches(std::string_view etag) const {
  if (any_) return true;
  const std::string_view own = etag.size() < 2 ? etag : etag.substr(1, etag.size() - 2);
  return std::ranges::any_of(opaque_tags_, [own](const std::string& tag) { return names(tag, own); });
}

}  // namespace herald::transport
