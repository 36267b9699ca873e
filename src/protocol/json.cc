#include "protocol/json.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include "protocol/json_index.h"

namespace herald::protocol {
namespace {

namespace bj = boost::json;

// Listens to Boost.JSON's validation and adds two rules of its own: no NUL in a string, no infinite number.
struct Validator {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  static bool no_nul(bj::string_view text, bj::error_code& ec) {
    if (text.find('\0') == bj::string_view::npos) return true;
    ec = bj::error::syntax;
    return false;
  }

  bool on_document_begin(bj::error_code& /*ec*/) { return true; }
  bool on_document_end(bj::error_code& /*ec*/) { return true; }
  bool on_array_begin(bj::error_code& /*ec*/) { return true; }
  bool on_array_end(std::size_t /*n*/, bj::error_code& /*ec*/) { return true; }
  bool on_object_begin(bj::error_code& /*ec*/) { return true; }
  bool on_object_end(std::size_t /*n*/, bj::error_code& /*ec*/) { return true; }
  bool on_string_part(bj::string_view text, std::size_t /*n*/, bj::error_code& ec) { return no_nul(text, ec); }
  bool on_string(bj::string_view text, std::size_t /*n*/, bj::error_code& ec) { return no_nul(text, ec); }
  bool on_key_part(bj::string_view text, std::size_t /*n*/, bj::error_code& ec) { return no_nul(text, ec); }
  bool on_key(bj::string_view text, std::size_t /*n*/, bj::error_code& ec) { return no_nul(text, ec); }
  bool on_number_part(bj::string_view /*text*/, bj::error_code& /*ec*/) { return true; }
  bool on_int64(std::int64_t /*value*/, bj::string_view /*text*/, bj::error_code& /*ec*/) { return true; }
  bool on_uint64(std::uint64_t /*value*/, bj::string_view /*text*/, bj::error_code& /*ec*/) { return true; }
  bool on_double(double value, bj::string_view /*text*/, bj::error_code& ec) {
    if (std::isfinite(value)) return true;
    ec = bj::error::exponent_overflow;
    return false;
  }
  bool on_bool(bool /*value*/, bj::error_code& /*ec*/) { return true; }
  bool on_null(bj::error_code& /*ec*/) { return true; }
  bool on_comment_part(bj::string_view /*text*/, bj::error_code& /*ec*/) { return true; }
  bool on_comment(bj::string_view /*text*/, bj::error_code& /*ec*/) { return true; }
};

Status validate(std::string_view text, std::size_t depth_max) {
  bj::parse_options options;
  options.max_depth = depth_max;
  bj::basic_parser<Validator> parser(options);
  bj::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) return fail(ErrorKind::kInvalid, ec.message());
  if (used != text.size()) return fail(ErrorKind::kInvalid, "something follows the JSON value");
  return {};
}

const JsonNode& node_at(const void* node) {
  return *static_cast<const JsonNode*>(node);
}

template <class T>
std::optional<T> whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

struct JsonDocument::State {
  JsonIndex index;
};

struct JsonAccess {
  static JsonValue make(const void* node, const void* document) {
    JsonValue value;
    value.node_ = node;
    value.document_ = document;
    return value;
  }
};

JsonDocument::JsonDocument() : state_(std::make_unique<State>()) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text, std::size_t depth_max) {
  if (auto valid = validate(text, depth_max); !valid) return std::unexpected(valid.error());
  JsonDocument document;
  if (!document.state_->index.build(text)) return fail(ErrorKind::kInvalid, "a key is there twice");
  return document;
}

JsonValue JsonDocument::root() const {
  return JsonAccess::make(state_->index.nodes().data(), &state_->index);
}

JsonType JsonValue::type() const {
  return node_ == nullptr ? JsonType::kNull : node_at(node_).type;
}

std::optional<std::string_view> JsonValue::string() const {
  if (type() != JsonType::kString) return std::nullopt;
  return node_at(node_).text;
}

std::optional<std::int64_t> JsonValue::integer() const {
  if (type() != JsonType::kNumber) return std::nullopt;
  if (const auto exact = whole<std::int64_t>(raw())) return exact;
  // Written with a fraction or an exponent: taken while every whole number in between is exact.
  constexpr double kExactMost = 9007199254740992.0;
  const auto value = number();
  if (!value || std::fabs(*value) > kExactMost || std::trunc(*value) != *value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::optional<double> JsonValue::number() const {
  if (type() != JsonType::kNumber) return std::nullopt;
  return whole<double>(raw());
}

std::optional<bool> JsonValue::boolean() const {
  if (type() != JsonType::kBool) return std::nullopt;
  return raw() == "true";
}

std::optional<JsonValue> JsonValue::get(std::string_view key) const {
  if (type() != JsonType::kObject) return std::nullopt;
  const auto& index = *static_cast<const JsonIndex*>(document_);
  for (const JsonNode* child = index.first_child(node_at(node_)); child != nullptr; child = index.next(*child)) {
    if (child->key == key) return JsonAccess::make(child, document_);
  }
  return std::nullopt;
}

std::vector<JsonValue> JsonValue::elements() const {
  std::vector<JsonValue> out;
  if (type() != JsonType::kArray) return out;
  const auto& index = *static_cast<const JsonIndex*>(document_);
  for (const JsonNode* child = index.first_child(node_at(node_)); child != nullptr; child = index.next(*child)) {
    out.push_back(JsonAccess::make(child, document_));
  }
  return out;
}

std::vector<std::pair<std::string_view, JsonValue>> JsonValue::members() const {
  std::vector<std::pair<std::string_view, JsonValue>> out;
  if (type() != JsonType::kObject) return out;
  const auto& index = *static_cast<const JsonIndex*>(document_);
  for (const JsonNode* child = index.first_child(node_at(node_)); child != nullptr; child = index.next(*child)) {
    out.emplace_back(child->key, JsonAccess::make(child, document_));
  }
  return out;
}

std::string_view JsonValue::raw() const {
  return node_ == nullptr ? std::string_view("null") : node_at(node_).raw;
}

}  // namespace herald::protocol
