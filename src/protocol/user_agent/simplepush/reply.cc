#include <charconv>

#include "base/check.h"
#include "base/json_string.h"
#include "protocol/json.h"
#include "protocol/subscription/webpush_meta.h"
#include "protocol/user_agent/simplepush/frame.h"

namespace herald::protocol::simplepush {

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

std::string hello_reply(std::string_view uaid, bool asleep) {
  return R"({"messageType":"hello","uaid":)" + quoted(uaid) + R"(,"status":)" + (asleep ? "201}" : "200}");
}

std::string registered_reply(std::string_view channel, std::string_view endpoint) {
  return R"({"messageType":"register","status":200,"pushEndpoint":)" + quoted(endpoint) + R"(,"channelID":)" +
         quoted(channel) + "}";
}

std::string register_refusal(std::string_view channel, int status) {
  return R"({"messageType":"register","status":)" + std::to_string(status) + R"(,"channelID":)" + quoted(channel) + "}";
}

std::string unregister_reply(std::string_view channel, int status) {
  return R"({"channelID":)" + quoted(channel) + R"(,"messageType":"unregister","status":)" + std::to_string(status) +
         "}";
}

std::string unknown_channel_reply(std::string_view channel) {
  return R"({"messageType":"unregister","status":457,"reason":"Not valid channelID sent","channelID":)" +
         quoted(channel) + "}";
}

std::string_view pong() {
  return "{}";
}

std::string_view error_binary() {
  return R"({"status":463,"reason":"Binary messages not yet supported"})";
}

std::string_view error_no_uaid() {
  return R"({"status":459,"reason":"No UAID found for this connection!"})";
}

std::string_view error_not_registered() {
  return R"({"messageType":"hello","status":460,"reason":"Failed registering UAID"})";
}

Result<Update> read_update(const Message& message) {
  HERALD_CHECK(message.kind == PayloadKind::kSimplePush, "a message of another generation");
  const auto meta = subscription::SimplePushMeta::decode(message.meta);
  if (!meta) return std::unexpected(meta.error());
  Update update{meta->channel, 0};
  const char* const end = message.body.data() + message.body.size();
  const auto [stop, error] = std::from_chars(message.body.data(), end, update.version);
  if (error != std::errc() || stop != end) return fail(ErrorKind::kCorrupt, "a stored version is not a number");
  return update;
}

std::string notification_frame(const Update& update) {
  return R"({"messageType":"notification","updates":[{"channelID":)" + quoted(update.channel) + R"(,"version":)" +
         std::to_string(update.version) + "}]}";
}

}  // namespace herald::protocol::simplepush
