// Any bytes as the headers of a push message, one "name: value" a line, and its body after an empty line: what is
// accepted keeps every limit.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/app_server/simplepush/version.h"
#include "protocol/app_server/webpush/push_request.h"

namespace {

namespace webpush = herald::protocol::webpush;

void check_push(const webpush::PushRequest& push, const herald::Limits& limits) {
  HERALD_CHECK(push.ttl_s <= limits.retention_s, "the retention bounds the TTL");
  HERALD_CHECK(push.topic.size() <= 32, "a topic keeps its limit");
  HERALD_CHECK(push.encoding.empty() || push.encoding == "aes128gcm" || push.encoding == "aesgcm", "two encodings");
  HERALD_CHECK(push.sender_key.empty() || push.sender_key.size() == 65, "a sender's key has its size");
  HERALD_CHECK(
      push.crypto_key.find("p256ecdsa") == std::string::npos || push.crypto_key.find("dh=") != std::string::npos,
      "VAPID is not forwarded");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<webpush::HeaderList::Field> fields;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty()) break;
    const std::size_t colon = std::min(line.find(':'), line.size());
    fields.emplace_back(line.substr(0, colon), line.substr(std::min(line.size(), colon + 1)));
  }
  const herald::Limits limits;
  for (const bool lenient : {false, true}) {
    const auto push = webpush::parse_push(webpush::HeaderList(fields), herald::as_bytes(text), limits, lenient);
    if (push) {
      check_push(*push, limits);
    } else {
      HERALD_CHECK(push.error().status == 400 || push.error().status == 413, "a refusal has a status");
    }
  }
  if (const auto version = herald::protocol::simplepush::parse_version(text, herald::WallTime{1'700'000'000'000})) {
    HERALD_CHECK(*version < herald::protocol::simplepush::kVersionBound, "a version keeps its bound");
  }
  return 0;
}
