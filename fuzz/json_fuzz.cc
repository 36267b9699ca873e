// Any bytes as JSON: accepted text must be valid UTF-8, each value's exact text must parse to the same value again, and
// strings must survive being written.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json_string.h"
#include "protocol/json.h"

namespace {

using herald::protocol::JsonDocument;
using herald::protocol::JsonValue;

constexpr std::size_t kDepth = 32;

void check_string(std::string_view text) {
  HERALD_CHECK(herald::is_valid_utf8(text), "a decoded string is UTF-8");
  std::string written;
  herald::append_json_string(written, text);
  const auto again = JsonDocument::parse(written, kDepth);
  HERALD_CHECK(again && again->root().string() == text, "a written string reads back");
}

void walk(const JsonValue& value) {
  HERALD_CHECK(!value.raw().empty(), "a value has text");
  if (const auto text = value.string()) check_string(*text);
  if (const auto whole = value.integer()) {
    HERALD_CHECK(static_cast<double>(*whole) == value.number(), "an integer is its number");
  }
  for (const JsonValue& element : value.elements()) walk(element);
  for (const auto& [key, member] : value.members()) {
    check_string(key);
    HERALD_CHECK(value.get(key)->raw().data() == member.raw().data(), "a key names one member");
    walk(member);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = JsonDocument::parse(text, kDepth);
  if (!document) return 0;
  HERALD_CHECK(herald::is_valid_utf8(text), "accepted JSON is UTF-8");
  walk(document->root());
  const auto again = JsonDocument::parse(document->root().raw(), kDepth);
  HERALD_CHECK(again && again->root().type() == document->root().type(), "the exact text of a value is JSON");
  return 0;
}
