#pragma once
// Strict JSON for everything that comes from outside: RFC 8259, valid UTF-8, bounded depth, no duplicate keys, nothing
// after the value. Boost.JSON stays inside json.cc.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace herald::protocol {

enum class JsonType : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

// A parsed value. Views point into the JsonDocument that owns it. Cheap to copy.
class JsonValue {
 public:
  [[nodiscard]] JsonType type() const;
  [[nodiscard]] bool is_object() const { return type() == JsonType::kObject; }
  [[nodiscard]] bool is_string() const { return type() == JsonType::kString; }
  // nullopt if it is not of that type (or, for integers, not a whole number in range).
  [[nodiscard]] std::optional<std::string_view> string() const;
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  // A member of an object; nullopt if absent or not an object.
  [[nodiscard]] std::optional<JsonValue> get(std::string_view key) const;
  // The elements of an array; empty if not an array.
  [[nodiscard]] std::vector<JsonValue> elements() const;
  // The members of an object in document order; empty if not an object.
  [[nodiscard]] std::vector<std::pair<std::string_view, JsonValue>> members() const;
  // The exact text of this value in the input.
  [[nodiscard]] std::string_view raw() const;

 private:
  friend class JsonDocument;
  friend struct JsonAccess;
  const void* node_ = nullptr;
  const void* document_ = nullptr;
};

class JsonDocument {
 public:
  // kInvalid: why it is not acceptable JSON. Keeps no reference to `text`.
  [[nodiscard]] static Result<JsonDocument> parse(std::string_view text, std::size_t depth_max);
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();
  [[nodiscard]] JsonValue root() const;

 private:
  JsonDocument();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace herald::protocol
