#include "protocol/json_members.h"

#include <algorithm>

namespace herald::protocol {

namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  [[nodiscard]] bool take(char expected) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  // With its quotes; empty if there is none.
  [[nodiscard]] std::string_view string() {
    skip_space();
    const std::size_t first = at_;
    return skip_string() ? text_.substr(first, at_ - first) : std::string_view();
  }
  // Empty if there is none.
  [[nodiscard]] std::string_view value() {
    skip_space();
    const std::size_t first = at_;
    return skip_value() ? text_.substr(first, at_ - first) : std::string_view();
  }

 private:
  bool skip_string() {
    if (at_ == text_.size() || text_[at_] != '"') return false;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return true;
      }
    }
    at_ = text_.size();
    return false;
  }
  // Up to the comma or bracket that ends it.
  bool skip_value() {
    const std::size_t first = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!skip_string()) return false;
        continue;
      }
      const bool closes = c == '}' || c == ']';
      if (depth == 0 && (closes || c == ',' || is_space(c))) break;
      if (closes) --depth;
      if (c == '{' || c == '[') ++depth;
      ++at_;
    }
    return depth == 0 && at_ > first;
  }
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<std::pair<std::string_view, std::string_view>>> split_json_object(std::string_view text) {
  std::vector<std::pair<std::string_view, std::string_view>> members;
  Scanner scanner(text);
  if (!scanner.take('{')) return std::nullopt;
  if (!scanner.take('}')) {
    do {
      const std::string_view name = scanner.string();
      if (name.empty() || !scanner.take(':')) return std::nullopt;
      const std::string_view value = scanner.value();
      if (value.empty()) return std::nullopt;
      members.emplace_back(name, value);
    } while (scanner.take(','));
    if (!scanner.take('}')) return std::nullopt;
  }
  if (!scanner.at_end()) return std::nullopt;
  return members;
}

std::optional<std::vector<std::string_view>> split_json_array(std::string_view text) {
  std::vector<std::string_view> elements;
  Scanner scanner(text);
  if (!scanner.take('[')) return std::nullopt;
  if (!scanner.take(']')) {
    do {
      elements.push_back(scanner.value());
      if (elements.back().empty()) return std::nullopt;
    } while (scanner.take(','));
    if (!scanner.take(']')) return std::nullopt;
  }
  if (!scanner.at_end()) return std::nullopt;
  return elements;
}

}  // namespace herald::protocol
