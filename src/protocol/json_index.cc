#include "protocol/json_index.h"

#include <algorithm>
#include <charconv>

namespace herald::protocol {
namespace {

// Objects up to this size are compared key by key; larger ones are sorted.
constexpr std::size_t kCompareMost = 8;

JsonType type_of(char first) {
  switch (first) {
    case '{':
      return JsonType::kObject;
    case '[':
      return JsonType::kArray;
    case '"':
      return JsonType::kString;
    case 't':
    case 'f':
      return JsonType::kBool;
    case 'n':
      return JsonType::kNull;
    default:
      return JsonType::kNumber;
  }
}

bool ends_scalar(char c) {
  return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + 4, value, 16);
  return value;
}

void append_byte(std::string& out, std::uint32_t value) {
  out.push_back(static_cast<char>(static_cast<unsigned char>(value)));
}

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) return append_byte(out, point);
  if (point < 0x800) {
    append_byte(out, 0xC0 | (point >> 6));
  } else if (point < 0x10000) {
    append_byte(out, 0xE0 | (point >> 12));
    append_byte(out, 0x80 | ((point >> 6) & 0x3F));
  } else {
    append_byte(out, 0xF0 | (point >> 18));
    append_byte(out, 0x80 | ((point >> 12) & 0x3F));
    append_byte(out, 0x80 | ((point >> 6) & 0x3F));
  }
  append_byte(out, 0x80 | (point & 0x3F));
}

char simple_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;
  }
}

// Decodes the \uXXXX at `at` (and the low surrogate that validation has made sure follows a high one); returns how
// many characters it took.
std::size_t append_unicode_escape(std::string& out, std::string_view text, std::size_t at) {
  const std::uint32_t first = hex4(text.substr(at + 2));
  if (first < 0xD800 || first > 0xDBFF) {
    append_utf8(out, first);
    return 6;
  }
  const std::uint32_t second = hex4(text.substr(at + 8));
  append_utf8(out, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
  return 12;
}

}  // namespace

bool JsonIndex::build(std::string_view text) {
  text_.assign(text);
  nodes_.reserve(text.size() / 12 + 4);
  add_value({});
  return unique_;
}

void JsonIndex::skip_space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
    ++at_;
  }
}

void JsonIndex::skip_scalar() {
  while (at_ < text_.size() && !ends_scalar(text_[at_])) ++at_;
}

std::uint32_t JsonIndex::add_value(std::string_view key) {
  skip_space();
  const std::size_t begin = at_;
  const auto self = static_cast<std::uint32_t>(nodes_.size());
  const JsonType type = type_of(text_[at_]);
  JsonNode& node = nodes_.emplace_back();
  node.key = key;
  node.type = type;
  if (type == JsonType::kString) {
    node.text = take_string();
  } else if (type == JsonType::kObject) {
    add_container(self, '}');
  } else if (type == JsonType::kArray) {
    add_container(self, ']');
  } else {
    skip_scalar();
  }
  nodes_[self].raw = std::string_view(text_).substr(begin, at_ - begin);
  return self;
}

void JsonIndex::add_container(std::uint32_t self, char close) {
  ++at_;
  std::uint32_t previous = 0;
  for (skip_space(); text_[at_] != close; skip_space()) {
    if (text_[at_] == ',') {
      ++at_;
      continue;
    }
    std::string_view key;
    if (close == '}') {
      key = take_string();
      skip_space();
      ++at_;
    }
    const std::uint32_t child = add_value(key);
    if (previous != 0) nodes_[previous].next = child;
    previous = child;
  }
  ++at_;
  nodes_[self].has_children = previous != 0;
  if (close == '}' && unique_) unique_ = keys_are_unique(nodes_[self]);
}

std::string_view JsonIndex::take_string() {
  const std::string_view text = text_;
  const std::size_t begin = ++at_;
  bool escaped = false;
  std::size_t quote = text.find('"', at_);
  for (;;) {
    const std::size_t plain = text.substr(at_, quote - at_).find('\\');
    if (plain == std::string_view::npos) break;
    escaped = true;
    at_ += plain + 2;
    if (at_ > quote) quote = text.find('"', at_);
  }
  at_ = quote;
  const auto content = text.substr(begin, at_ - begin);
  ++at_;
  return escaped ? decode(content) : content;
}

std::string_view JsonIndex::decode(std::string_view escaped) {
  // What is decoded is never longer than what was written.
  if (decoded_.capacity() < text_.size()) decoded_.reserve(text_.size());
  const std::size_t begin = decoded_.size();
  for (std::size_t i = 0; i < escaped.size();) {
    const std::size_t stop = std::min(escaped.find('\\', i), escaped.size());
    decoded_.append(escaped, i, stop - i);
    i = stop;
    if (i == escaped.size()) break;
    if (escaped[i + 1] == 'u') {
      i += append_unicode_escape(decoded_, escaped, i);
    } else {
      decoded_.push_back(simple_escape(escaped[i + 1]));
      i += 2;
    }
  }
  return std::string_view(decoded_).substr(begin);
}

bool JsonIndex::keys_are_unique(const JsonNode& object) {
  keys_.clear();
  for (const JsonNode* child = first_child(object); child != nullptr; child = next(*child)) {
    if (keys_.size() < kCompareMost && std::ranges::find(keys_, child->key) != keys_.end()) return false;
    keys_.push_back(child->key);
  }
  if (keys_.size() <= kCompareMost) return true;
  std::ranges::sort(keys_);
  return std::ranges::adjacent_find(keys_) == keys_.end();
}

}  // namespace herald::protocol
