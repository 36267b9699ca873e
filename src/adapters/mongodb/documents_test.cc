// The worked example of docs/mongodb.md, and how documents of other versions are read.
#include "adapters/mongodb/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/mongodb/schema.h"

namespace herald::adapters::mongodb {
namespace {

using testing::HasSubstr;

constexpr WallTime kAccepted{1'700'000'000'000};
constexpr std::chrono::milliseconds kHour{3'600'000};

AppId example_app() {
  return AppId::from_hex("aa01000000000000000000000000000000000000000000000000000000000000").value();
}
UserAgentId example_device() {
  return UserAgentId::from_hex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf").value();
}
Message example_message() {
  return {.id = MessageId::from_hex("00060a24181e4000a1b2c3d4e5f60708").value(),
          .app = example_app(),
          .priority = Priority::kGathered,
          .kind = PayloadKind::kFlow2012,
          .replace_key = "mail",
          .meta = "",
          .body = "{}",
          .accepted_at = kAccepted,
          .expires_at = kAccepted + kHour};
}
StoredMessage stored(const Document& document) {
  return read_message(Row(document)).value();
}

TEST(MongodbDocuments, AMessageAsInTheWorkedExample) {
  EXPECT_EQ(message_document(example_message()).json(),
            R"({ "_id" : "00060a24181e4000a1b2c3d4e5f60708", "v" : 1, )"
            R"("app" : "aa01000000000000000000000000000000000000000000000000000000000000", )"
            R"("slot" : "aa01000000000000000000000000000000000000000000000000000000000000:mail", )"
            R"("priority" : 2, "kind" : 1, "body" : { "$binary" : { "base64" : "e30=", "subType" : "00" } }, )"
            R"("accepted" : { "$date" : "2023-11-14T22:13:20Z" }, "expires" : { "$date" : "2023-11-14T23:13:20Z" }, )"
            R"("ends" : { "$date" : "2023-11-14T23:13:20Z" }, "open" : true, "unrouted" : true })");
}

TEST(MongodbDocuments, AWebPushMessageAsInTheWorkedExample) {
  Message message = example_message();
  message.replace_key.clear();
  message.kind = PayloadKind::kWebPush;
  message.urgency = Urgency::kHigh;
  message.transient = true;
  message.receipt = ReceiptId::from_hex("e0e1e2e3e4e5e6e7e8e9eaebecedeeef").value();
  EXPECT_THAT(message_document(message).json(), HasSubstr(R"("kind" : 2, "urgency" : 3, "transient" : true, )"
                                                          R"("receipt" : "e0e1e2e3e4e5e6e7e8e9eaebecedeeef", )"
                                                          R"("log" : "e0e1e2e3e4e5e6e7e8e9eaebecedeeef", "body")"));
}

TEST(MongodbDocuments, ADeliveryAsInTheWorkedExample) {
  const auto message = stored(message_document(example_message()));
  const auto routed_at = kAccepted + std::chrono::milliseconds(1);
  EXPECT_EQ(delivery_document(message, example_device(), true, routed_at).json(),
            R"({ "_id" : "00060a24181e4000a1b2c3d4e5f60708:d0d1d2d3d4d5d6d7d8d9dadbdcdddedf", "v" : 1, )"
            R"("ua" : "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf", )"
            R"("app" : "aa01000000000000000000000000000000000000000000000000000000000000", "priority" : 2, )"
            R"("state" : 0, "open" : true, "sole" : true, "routed_at" : { "$date" : "2023-11-14T22:13:20.001Z" }, )"
            R"("expires" : { "$date" : "2023-11-14T23:13:20Z" } })");
}

TEST(MongodbDocuments, ChangesAsInTheWorkedExample) {
  const auto sent_at = kAccepted + std::chrono::milliseconds(2);
  const auto acked_at = kAccepted + std::chrono::milliseconds(5);
  EXPECT_EQ(acked_change(sent_at, acked_at).json(),
            R"({ "$max" : { "state" : 3 }, "$min" : { "acked_at" : { "$date" : "2023-11-14T22:13:20.005Z" }, )"
            R"("sent_at" : { "$date" : "2023-11-14T22:13:20.002Z" } }, "$unset" : { "open" : "" } })");
  EXPECT_EQ(end_of_message("acked_at", acked_at).json(),
            R"({ "$min" : { "acked_at" : { "$date" : "2023-11-14T22:13:20.005Z" }, )"
            R"("ends" : { "$date" : "2023-11-14T22:13:20.005Z" } }, )"
            R"("$unset" : { "open" : "", "unrouted" : "", "body" : "", "meta" : "" } })");
}

TEST(MongodbDocuments, ALocationAsInTheWorkedExample) {
  const Location here{.kind = LocationKind::kWebSocket, .server = "WS1", .shard = 1, .connection = 7};
  EXPECT_EQ(location_change(here, WakeInterface{.ip = "10.0.0.1", .port = 5000}).json(),
            R"({ "$set" : { "v" : 1, "kind" : 1, "server" : "WS1", "shard" : 1, "connection" : 7, )"
            R"("wake_ip" : "10.0.0.1", "wake_port" : 5000 }, "$unset" : { "sleeps" : "" } })");
}

TEST(MongodbDocuments, ALeaseAsInTheWorkedExample) {
  Document lease = text_of("_id", "WS1");
  lease.number("v", 1).number("kind", 1).text("holder", "h1").time("until", kAccepted);
  const ServerLease expected{.server = "WS1", .kind = LocationKind::kWebSocket, .holder = "h1", .until = kAccepted};
  EXPECT_EQ(read_lease(Row(lease)), expected);
}

TEST(MongodbDocuments, AMessageIsReadAsItWasWritten) {
  Message sent = example_message();
  sent.meta = "meta";
  sent.body = std::string("\0\xff", 2);
  sent.urgency = Urgency::kLow;
  const auto back = stored(message_document(sent));
  EXPECT_EQ(back.message.replace_key, "mail");
  EXPECT_EQ(back.message.meta, "meta");
  EXPECT_EQ(back.message.body, sent.body);
  EXPECT_EQ(back.message.urgency, Urgency::kLow);
  EXPECT_TRUE(back.open);
  EXPECT_EQ(back.state(kAccepted), DeliveryState::kPending);
}

// What an older Herald may not have written has a meaning when it is missing.
TEST(MongodbDocuments, OlderDocumentsLackOptionalFields) {
  Document old = text_of("_id", example_message().id.hex());
  old.text("app", example_app().hex()).number("priority", 1).number("kind", 1);
  old.time("accepted", kAccepted).time("expires", kAccepted + kHour);
  const auto message = stored(old);
  EXPECT_EQ(message.message.urgency, Urgency::kNormal);
  EXPECT_FALSE(message.message.transient);
  EXPECT_EQ(message.message.receipt, ReceiptId{});
  EXPECT_EQ(message.ends, kAccepted + kHour);
  const Document node = text_of("_id", example_device().hex());
  EXPECT_EQ(read_node(Row(node))->location, Location{});
}

TEST(MongodbDocuments, NewerDocumentsAreRefused) {
  Document newer = text_of("_id", example_message().id.hex());
  newer.number("v", kVersion + 1);
  const auto message = read_message(Row(newer));
  EXPECT_EQ(message.error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(message.error().message, HasSubstr("a newer herald wrote"));
  EXPECT_EQ(read_delivery(Row(newer)).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(read_node(Row(newer)).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(read_app(Row(newer)).error().kind, ErrorKind::kCorrupt);
}

TEST(MongodbDocuments, DamagedDocumentsAreReportedNotGuessed) {
  const Document empty;
  EXPECT_EQ(read_message(Row(empty)).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(read_delivery(Row(empty)).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(read_node(Row(empty)).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(read_app(Row(empty)).error().kind, ErrorKind::kCorrupt);
}

// Ends may reach the database in any order: the earliest counts, and an ack counts above all.
TEST(MongodbDocuments, TheEarliestEndCounts) {
  StoredMessage message = stored(message_document(example_message()));
  const WallTime late = kAccepted + 2 * kHour;
  EXPECT_EQ(message.state(late), DeliveryState::kExpired);
  message.cancelled_at = kAccepted + std::chrono::milliseconds(20);
  EXPECT_EQ(message.state(late), DeliveryState::kCancelled);
  message.replaced_at = kAccepted + std::chrono::milliseconds(10);
  EXPECT_EQ(message.state(late), DeliveryState::kReplaced);
  message.dropped_at = kAccepted + std::chrono::milliseconds(30);
  EXPECT_EQ(message.state(late), DeliveryState::kReplaced);
  message.acked_at = late;
  EXPECT_EQ(message.state(late), DeliveryState::kAcked);
}

}  // namespace
}  // namespace herald::adapters::mongodb
