#include "roles/app_server/simplepush_endpoint.h"

#include "protocol/subscription/webpush_meta.h"
#include "roles/app_server/push_test_world.h"

namespace herald::roles::app_server {
namespace {

struct SimplePushTest : PushTest {
  SimplePushEndpoint simplepush{context};
  protocol::subscription::SimplePushEndpoint channel{endpoint().user_agent, "c1"};
  std::string path = tokens.path_of(channel);

  SimplePushTest() { world.subscriptions.insert(channel.app()); }
};

// simplepush.md A3
TEST_F(SimplePushTest, StoresTheVersion) {
  const auto client = send(simplepush, "PUT", path, {}, "version=5");
  ASSERT_TRUE(client->response);
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(client->response->body, "{}");
  EXPECT_EQ(client->header("Access-Control-Allow-Origin"), "*");
  ASSERT_EQ(world.stored.size(), 1U);
  const Message& message = world.stored[0];
  EXPECT_EQ(message.app, channel.app());
  EXPECT_EQ(message.kind, PayloadKind::kSimplePush);
  EXPECT_EQ(message.body, "5");
  EXPECT_EQ(message.priority, Priority::kRealTime);
  EXPECT_EQ(protocol::subscription::SimplePushMeta::decode(message.meta)->channel, "c1");
  EXPECT_EQ(message.expires_at, clock.wall() + std::chrono::seconds(2'592'000));
  EXPECT_EQ(world.published.size(), 1U);
}

// A6: the newest version is what the device gets.
TEST_F(SimplePushTest, ALaterVersionReplaces) {
  send(simplepush, "PUT", path, {}, "version=6");
  send(simplepush, "PUT", path, {}, "version=7");
  ASSERT_EQ(world.stored.size(), 2U);
  EXPECT_FALSE(world.stored[0].replace_key.empty());
  EXPECT_EQ(world.stored[0].replace_key, world.stored[1].replace_key);
}

TEST_F(SimplePushTest, WithoutAVersionTheTimeIsOne) {
  for (const std::string_view body : {"", "version=", "version=\n"}) {
    EXPECT_EQ(send(simplepush, "PUT", path, {}, body)->response->status, 200);
    EXPECT_EQ(world.stored.back().body, std::to_string(clock.wall().ms / 1'000));
  }
}

// P13, P14, P15
TEST_F(SimplePushTest, RefusesByTheTable) {
  EXPECT_EQ(outcome(*send(simplepush, "PUT", path, {}, "version=-1")), "400 null");
  EXPECT_EQ(outcome(*send(simplepush, "PUT", path, {}, "v=1")), "400 null");
  EXPECT_EQ(outcome(*send(simplepush, "PUT", path, {}, std::string(26, 'v'))), "413 104");
  const auto post = send(simplepush, "POST", path, {}, "version=5");
  EXPECT_EQ(outcome(*post), "405 null");
  EXPECT_EQ(post->header("Allow"), "PUT, OPTIONS");
  EXPECT_EQ(outcome(*send(simplepush, "PUT", "/spush/v1/garbage", {}, "version=5")), "404 102");
  EXPECT_EQ(outcome(*send(simplepush, "PUT", "/spush/v1/garbage%0A", {}, "version=5")), "400 null");
  EXPECT_EQ(outcome(*send(simplepush, "PUT", tokens.path_of(endpoint()), {}, "version=5")), "404 102");
  EXPECT_TRUE(world.stored.empty());
}

// A9
TEST_F(SimplePushTest, AnUnregisteredChannelIsGone) {
  world.subscriptions.clear();
  EXPECT_EQ(outcome(*send(simplepush, "PUT", path, {}, "version=5")), "410 106");
}

TEST_F(SimplePushTest, SaysTryAgainForWhatMayPass) {
  world.put_error = Error{ErrorKind::kUnavailable, "away"};
  EXPECT_EQ(outcome(*send(simplepush, "PUT", path, {}, "version=5")), "503 201");
  draining = true;
  EXPECT_EQ(outcome(*send(simplepush, "PUT", path, {}, "version=5")), "503 201");
}

TEST_F(SimplePushTest, AnswersPreflights) {
  EXPECT_EQ(send(simplepush, "OPTIONS", path)->response->status, 204);
}

}  // namespace
}  // namespace herald::roles::app_server
