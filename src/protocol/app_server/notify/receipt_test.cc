#include "protocol/app_server/notify/receipt.h"

#include <gtest/gtest.h>

#include "protocol/json.h"

namespace herald::protocol::notify {
namespace {

UserAgentId user_agent(std::uint8_t fill) {
  UserAgentId id;
  id.bytes.fill(fill);
  return id;
}

ReceiptHead head() {
  ReceiptHead out;
  out.id.bytes.fill(0xAB);
  out.sender_id = "n\"1";
  out.priority = Priority::kGathered;
  out.accepted_at = {1'700'000'000'123};
  out.expires_at = {1'700'000'060'000};
  out.routed = true;
  out.recipients = 2;
  out.acked = 1;
  return out;
}

TEST(Receipt, ShowsTheMessageAndItsDeliveries) {
  const AppId app;
  const std::vector<Delivery> deliveries = {
      {user_agent(1), DeliveryState::kAcked, {1'700'000'000'200}, {1'700'000'000'300}, {1'700'000'000'400}},
      {user_agent(2), DeliveryState::kPending, {1'700'000'000'200}, {0}, {0}}};
  EXPECT_EQ(receipt_body(app, head(), deliveries, "next\"page"),
            R"({"messageId":"abababababababababababababababab","id":"n\"1","state":"pending","priority":2,)"
            R"("acceptedAt":"2023-11-14T22:13:20.123Z","expiresAt":"2023-11-14T22:14:20.000Z","routed":true,)"
            R"("recipients":2,"acked":1,"deliveries":[)"
            R"({"device":")" +
                pseudonym(app, user_agent(1)) +
                R"(","state":"acked","routedAt":"2023-11-14T22:13:20.200Z","sentAt":"2023-11-14T22:13:20.300Z",)"
                R"("endedAt":"2023-11-14T22:13:20.400Z"},{"device":")" +
                pseudonym(app, user_agent(2)) +
                R"(","state":"pending","routedAt":"2023-11-14T22:13:20.200Z"}],"next":"next\"page"})");
}

TEST(Receipt, LeavesOutWhatThereIsNot) {
  ReceiptHead bare = head();
  bare.sender_id.clear();
  bare.routed = false;
  bare.ended_at = {1'700'000'001'000};
  const auto document = JsonDocument::parse(receipt_body({}, bare, {}, ""), 8);
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(document->root().get("id")->type(), JsonType::kNull);
  EXPECT_EQ(document->root().get("routed")->boolean(), false);
  EXPECT_EQ(document->root().get("endedAt")->string(), "2023-11-14T22:13:21.000Z");
  EXPECT_TRUE(document->root().get("deliveries")->elements().empty());
  EXPECT_FALSE(document->root().get("next").has_value());
}

TEST(Receipt, APseudonymIsStableForAnAppAndDiffersBetweenApps) {
  AppId other;
  other.bytes.fill(1);
  const std::string name = pseudonym(AppId{}, user_agent(1));
  EXPECT_EQ(name.size(), 16U);
  EXPECT_EQ(pseudonym(AppId{}, user_agent(1)), name);
  EXPECT_NE(pseudonym(AppId{}, user_agent(2)), name);
  EXPECT_NE(pseudonym(other, user_agent(1)), name);
  EXPECT_EQ(name.find(user_agent(1).hex().substr(0, 4)), std::string::npos);
}

TEST(Receipt, WritesTimesAsRfc3339) {
  EXPECT_EQ(rfc3339({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339({1'343'692'800'007}), "2012-07-31T00:00:00.007Z");
  EXPECT_EQ(rfc3339({-1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(rfc3339({1'709'210'096'000}), "2024-02-29T12:34:56.000Z");
}

}  // namespace
}  // namespace herald::protocol::notify
