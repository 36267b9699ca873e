#pragma once
// What a Web Push or SimplePush subscription is to Herald: an app with one user agent. Its id follows from the user
// agent and the channel, so nothing need be looked up to find it.

#include <string>
#include <string_view>

#include "domain/ids.h"

namespace herald::protocol::subscription {

// The name a Web Push user agent gave a channel: the 16 bytes of a UUID.
using ChannelId = FixedId<struct ChannelTag, 16>;

// The most bytes in the name of a SimplePush channel, which need not be a UUID.
inline constexpr std::size_t kSimplePushChannelMaxBytes = 128;

// A UUID with its dashes; upper-case digits are read as lower-case, since clients match replies so. kInvalid.
[[nodiscard]] Result<ChannelId> parse_channel_id(std::string_view text);
// Lower-case with dashes.
[[nodiscard]] std::string channel_text(const ChannelId& channel);

// True if `channel` may name a SimplePush channel: 1 to kSimplePushChannelMaxBytes bytes of UTF-8, and no
// more as JSON text without quotes: a device lists all its channels in one frame.
[[nodiscard]] bool is_simplepush_channel(std::string_view channel);

// SHA-256("webpush" 00 user agent, channel).
[[nodiscard]] AppId app_of(const UserAgentId& user_agent, const ChannelId& channel);
// SHA-256("simplepush" 00 user agent, channel).
[[nodiscard]] AppId app_of_simplepush(const UserAgentId& user_agent, std::string_view channel);

}  // namespace herald::protocol::subscription
