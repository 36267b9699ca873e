// Any bytes as a Matrix homeserver's notification: what a device would get is JSON within the limit, and names no
// device.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/app_server/unifiedpush/matrix.h"
#include "protocol/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const herald::Limits limits;
  const auto read = herald::protocol::unifiedpush::parse_matrix(body, limits);
  if (!read) {
    HERALD_CHECK(read.error().status == 400 || read.error().status == 413, "a refusal has a status");
    return 0;
  }
  HERALD_CHECK(!read->pushkeys.empty() && read->pushkeys.size() <= herald::protocol::unifiedpush::kDevicesMost,
               "devices keep their limit");
  HERALD_CHECK(read->body.size() <= limits.webpush_message_max_bytes, "a message keeps its limit");
  const auto document = herald::protocol::JsonDocument::parse(read->body, limits.json_depth_max);
  HERALD_CHECK(document.has_value(), "a device gets JSON");
  HERALD_CHECK(!document->root().get("notification")->get("devices"), "a device learns of no other");
  const auto rejected = herald::protocol::JsonDocument::parse(
      herald::protocol::unifiedpush::rejected_body(read->pushkeys), limits.json_depth_max);
  HERALD_CHECK(rejected.has_value(), "the answer is JSON");
  return 0;
}
