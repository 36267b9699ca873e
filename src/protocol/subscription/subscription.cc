#include "protocol/subscription/subscription.h"

#include <array>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/json_string.h"

namespace herald::protocol::subscription {

namespace {

constexpr std::size_t kUuidSize = 36;

bool is_dash_place(std::size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

AppId digest_of(std::string_view generation, const UserAgentId& user_agent, std::string_view channel) {
  std::string input;
  input.append(generation).push_back('\0');
  input.append(user_agent.view()).append(channel);
  return {sha256(as_bytes(input))};
}

}  // namespace

Result<ChannelId> parse_channel_id(std::string_view text) {
  if (text.size() != kUuidSize) return fail(ErrorKind::kInvalid, "a channel id is a UUID");
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_dash_place(i)) {
      digits.push_back(text[i]);
    } else if (text[i] != '-') {
      return fail(ErrorKind::kInvalid, "a channel id has dashes like a UUID");
    }
  }
  return ChannelId::from_hex(digits);
}

std::string channel_text(const ChannelId& channel) {
  std::string text = channel.hex();
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

bool is_simplepush_channel(std::string_view channel) {
  if (channel.empty() || channel.size() > kSimplePushChannelMaxBytes || !is_valid_utf8(channel)) return false;
  std::string text;
  append_json_string(text, channel);
  return text.size() <= kSimplePushChannelMaxBytes + 2;
}

AppId app_of(const UserAgentId& user_agent, const ChannelId& channel) {
  return digest_of("webpush", user_agent, channel.view());
}

AppId app_of_simplepush(const UserAgentId& user_agent, std::string_view channel) {
  return digest_of("simplepush", user_agent, channel);
}

}  // namespace herald::protocol::subscription
