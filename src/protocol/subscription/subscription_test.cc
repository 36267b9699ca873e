#include "protocol/subscription/subscription.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "protocol/subscription/endpoint_token.h"
#include "protocol/subscription/webpush_meta.h"

namespace herald::protocol::subscription {
namespace {

constexpr std::string_view kChannel = "d9b74644-4f97-46aa-b8fa-9393985cd6cd";

UserAgentId user_agent() {
  return *UserAgentId::from_hex("0f6e1b9c2a3d4c5e8f70112233445566");
}
ChannelId channel() {
  return *parse_channel_id(kChannel);
}
std::vector<std::uint8_t> key(std::uint8_t fill) {
  return std::vector<std::uint8_t>(32, fill);
}
WebPushEndpoint endpoint(bool restricted = false) {
  WebPushEndpoint out{user_agent(), channel(), std::nullopt};
  if (restricted) out.restricted_to = sha256(as_bytes("key"));
  return out;
}

TEST(ChannelIds, AreUuids) {
  EXPECT_EQ(channel_text(channel()), kChannel);
  EXPECT_EQ(channel().hex(), "d9b746444f9746aab8fa9393985cd6cd");
  EXPECT_EQ(parse_channel_id("D9B74644-4F97-46AA-B8FA-9393985CD6CD"), channel());
  for (const std::string_view bad : {"", "d9b746444f9746aab8fa9393985cd6cd", "d9b74644-4f97-46aa-b8fa-9393985cd6c",
                                     "d9b74644-4f97-46aa-b8fa-9393985cd6cdd", "d9b74644x4f97-46aa-b8fa-9393985cd6cd",
                                     "g9b74644-4f97-46aa-b8fa-9393985cd6cd", "d9b7464-44f97-46aa-b8fa-9393985cd6cd"}) {
    const auto parsed = parse_channel_id(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalid);
  }
}

TEST(ChannelIds, OfSimplePushAreAnyShortText) {
  EXPECT_TRUE(is_simplepush_channel("c1"));
  EXPECT_TRUE(is_simplepush_channel(std::string(128, 'x')));
  EXPECT_FALSE(is_simplepush_channel(""));
  EXPECT_FALSE(is_simplepush_channel(std::string(129, 'x')));
  EXPECT_FALSE(is_simplepush_channel("\xff"));
  EXPECT_TRUE(is_simplepush_channel(std::string(64, '"'))) << "as JSON, 128 bytes";
  EXPECT_FALSE(is_simplepush_channel(std::string(64, '"') + "x"));
}

TEST(Subscriptions, AreAppsNamedByUserAgentAndChannel) {
  std::string input = "webpush";
  input.push_back('\0');
  input.append(user_agent().view()).append(channel().view());
  EXPECT_EQ(app_of(user_agent(), channel()).bytes, sha256(as_bytes(input)));
  std::string simple = "simplepush";
  simple.push_back('\0');
  simple.append(user_agent().view()).append("c1");
  EXPECT_EQ(app_of_simplepush(user_agent(), "c1").bytes, sha256(as_bytes(simple)));
}

struct EndpointTokenTest : testing::Test {
  EndpointTokens tokens{{key(1)}};
};

TEST_F(EndpointTokenTest, CarryTheSubscription) {
  const std::string open = tokens.path_of(endpoint());
  const std::string restricted = tokens.path_of(endpoint(true));
  EXPECT_TRUE(open.starts_with("/wpush/v1/")) << open;
  EXPECT_TRUE(restricted.starts_with("/wpush/v2/")) << restricted;
  EXPECT_EQ(*tokens.read_webpush(open), endpoint());
  EXPECT_EQ(*tokens.read_webpush(restricted), endpoint(true));
  EXPECT_EQ(tokens.path_of(endpoint()), open);
  EXPECT_LE(restricted.size(), 200U);

  const SimplePushEndpoint simple{user_agent(), std::string(kSimplePushChannelMaxBytes, 'x')};
  EXPECT_TRUE(tokens.path_of(simple).starts_with("/spush/v1/"));
  EXPECT_EQ(*tokens.read_simplepush(tokens.path_of(simple)), simple);
}

TEST_F(EndpointTokenTest, CarryMessagesAndReceipts) {
  MessageName message;
  message.app.bytes.fill(3);
  message.id.bytes.fill(4);
  EXPECT_TRUE(tokens.path_of(message).starts_with("/m/"));
  EXPECT_EQ(*tokens.read_message(tokens.path_of(message)), message);
  ReceiptId receipt;
  receipt.bytes.fill(4);
  EXPECT_TRUE(tokens.path_of(receipt).starts_with("/r/"));
  EXPECT_EQ(*tokens.read_receipt(tokens.path_of(receipt)), receipt);
}

TEST_F(EndpointTokenTest, NeverPassForAnotherKind) {
  const std::string open = tokens.path_of(endpoint());
  const std::string restricted = tokens.path_of(endpoint(true));
  const std::string v1 = open.substr(10);
  EXPECT_FALSE(tokens.read_webpush("/wpush/v2/" + v1));
  EXPECT_FALSE(tokens.read_webpush("/wpush/v1/" + restricted.substr(10)));
  EXPECT_FALSE(tokens.read_webpush("/wpush/v3/" + v1));
  EXPECT_FALSE(tokens.read_webpush("/wpush/" + v1));
  EXPECT_FALSE(tokens.read_simplepush("/spush/v1/" + v1));
  EXPECT_FALSE(tokens.read_message("/m/" + v1));
  MessageName message;
  EXPECT_FALSE(tokens.read_receipt("/r/" + tokens.path_of(message).substr(3)));
}

TEST_F(EndpointTokenTest, RefuseEveryChange) {
  const std::string path = tokens.path_of(endpoint());
  for (std::size_t i = 0; i < path.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = path;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto read = tokens.read_webpush(changed);
      ASSERT_FALSE(read) << changed;
      EXPECT_EQ(read.error().kind, ErrorKind::kNotFound);
    }
    EXPECT_FALSE(tokens.read_webpush(path.substr(0, i)));
  }
  for (const char* more : {"A", "AAAA", "=", "/", "?", " "}) EXPECT_FALSE(tokens.read_webpush(path + more));
  EXPECT_FALSE(tokens.read_webpush("/wpush/v1/" + std::string(100'000, 'A')));
}

// Two channels of one device share nothing that a sender could see but the version and the key's number.
TEST_F(EndpointTokenTest, CannotBeLinked) {
  WebPushEndpoint other = endpoint();
  other.channel.bytes[15] ^= 1;
  const auto a = *from_base64url(tokens.path_of(endpoint()).substr(10));
  const auto b = *from_base64url(tokens.path_of(other).substr(10));
  std::size_t equal = 0;
  for (std::size_t i = 2; i < a.size(); ++i) equal += a[i] == b[i] ? 1U : 0U;
  EXPECT_LE(equal, 5U);
}

TEST_F(EndpointTokenTest, SurviveKeyRotation) {
  const std::string old = tokens.path_of(endpoint());
  const EndpointTokens both({key(2), key(1)});
  EXPECT_EQ(*both.read_webpush(old), endpoint());
  EXPECT_NE(both.path_of(endpoint()), old);
  const EndpointTokens after({key(2)});
  EXPECT_EQ(*after.read_webpush(both.path_of(endpoint())), endpoint());
  EXPECT_FALSE(after.read_webpush(old));
}

TEST(WebPushMetas, ComeBackAsTheyWere) {
  const WebPushMeta meta{std::string(kChannel), "aesgcm", "salt=abc;rs=4096", "dh=xyz"};
  EXPECT_EQ(*WebPushMeta::decode(meta.encode()), meta);
  EXPECT_EQ(*WebPushMeta::decode(WebPushMeta{}.encode()), WebPushMeta{});
  EXPECT_EQ((WebPushMeta{"c", "e", "", ""}.encode()), std::string("\x01\x00\x01\x63\x00\x01\x65\x00\x00\x00\x00", 11));
  const SimplePushMeta simple{"c1"};
  EXPECT_EQ(*SimplePushMeta::decode(simple.encode()), simple);
}

TEST(WebPushMetas, RefuseDamage) {
  const std::string good = WebPushMeta{std::string(kChannel), "aesgcm", "salt=abc", "dh=xyz"}.encode();
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(WebPushMeta::decode(good.substr(0, size)));
  EXPECT_FALSE(WebPushMeta::decode(good + "x"));
  std::string newer = good;
  newer[0] = 2;
  EXPECT_FALSE(WebPushMeta::decode(newer));
  EXPECT_FALSE(SimplePushMeta::decode(good));
}

}  // namespace
}  // namespace herald::protocol::subscription
