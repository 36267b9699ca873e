// Any bytes as a path: what is read as a token is the only text for its content.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/subscription/endpoint_token.h"
#include "protocol/subscription/webpush_meta.h"

namespace {

namespace subscription = herald::protocol::subscription;

template <class T>
void check_same(const subscription::EndpointTokens& tokens, const herald::Result<T>& read, std::string_view path) {
  if (read) HERALD_CHECK(tokens.path_of(*read) == path, "a token has one text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const subscription::EndpointTokens tokens({std::vector<std::uint8_t>(32, 1)});
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  check_same(tokens, tokens.read_webpush(path), path);
  check_same(tokens, tokens.read_simplepush(path), path);
  check_same(tokens, tokens.read_message(path), path);
  check_same(tokens, tokens.read_receipt(path), path);
  if (const auto channel = subscription::parse_channel_id(path)) {
    HERALD_CHECK(subscription::parse_channel_id(subscription::channel_text(*channel)) == *channel, "a UUID comes back");
  }
  if (const auto meta = subscription::WebPushMeta::decode(path)) {
    HERALD_CHECK(meta->encode() == path, "a message's meta has one form");
  }
  return 0;
}
