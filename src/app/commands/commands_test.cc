#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "app/commands/awake_device.h"
#include "app/commands/client.h"
#include "app/commands/device_session.h"
#include "app/commands/listen_output.h"
#include "app/commands/notification_body.h"
#include "app/commands/receipt_table.h"
#include "app/commands/terminal.h"

namespace herald::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kUrl = "http://h/notify/ab";

DeviceSession awake(bool acks = true) {
  return DeviceSession({.uatoken = "T", .watoken = "W", .pbkbase64 = "", .wake = std::nullopt}, acks);
}

TEST(DeviceSession, AnAwakeDeviceRegistersItselfThenItsApp) {
  DeviceSession session = awake();
  EXPECT_THAT(session.on_open().send, ElementsAre(R"({"data":{"uatoken":"T"},"messageType":"registerUA"})"));
  EXPECT_THAT(session.on_text(R"({"status":"REGISTERED"})").send,
              ElementsAre(R"({"data":{"uatoken":"T","watoken":"W"},"messageType":"registerWA"})"));
  const auto step = session.on_text(kUrl);
  EXPECT_EQ(step.url, kUrl);
  EXPECT_TRUE(step.registered);
}

TEST(DeviceSession, ASleepingDeviceRegistersItsAppFirstBecauseTheServerHangsUp) {
  DeviceSession session({.uatoken = "T", .watoken = "W", .pbkbase64 = "K", .wake = WakeInterface{"::1", 5000}}, true);
  EXPECT_THAT(session.on_open().send,
              ElementsAre(R"({"data":{"uatoken":"T","watoken":"W","pbkbase64":"K"},"messageType":"registerWA"})"));
  const auto app = session.on_text(kUrl);
  EXPECT_FALSE(app.registered);
  EXPECT_THAT(
      app.send,
      ElementsAre(R"({"data":{"uatoken":"T","interface":{"ip":"::1","port":"5000"}},"messageType":"registerUA"})"));
  EXPECT_TRUE(session.on_text(R"({"status":"REGISTERED"})").registered);
}

TEST(DeviceSession, AcksEachDeliveryAndShowsARepeatOnce) {
  DeviceSession session = awake();
  const std::string frame = R"([{"message":"Hi","id":"n1","priority":1,"messageId":"aa","url":"u"}])";
  const auto first = session.on_text(frame);
  ASSERT_THAT(first.arrived, SizeIs(1));
  EXPECT_EQ(first.arrived[0].message, "Hi");
  EXPECT_EQ(first.arrived[0].sender_id, "n1");
  EXPECT_EQ(first.arrived[0].priority, "1");
  EXPECT_THAT(first.send, ElementsAre(R"({"messageType":"ack","messageId":"aa"})"));
  const auto again = session.on_text(frame);
  EXPECT_THAT(again.arrived, IsEmpty());
  EXPECT_THAT(again.send, SizeIs(1));
}

TEST(DeviceSession, DoesNotAckIfToldSo) {
  DeviceSession session = awake(false);
  EXPECT_THAT(session.on_text(R"([{"message":"Hi","messageId":"aa"}])").send, IsEmpty());
}

TEST(DeviceSession, ReportsARefusalAndIgnoresWhatItDoesNotKnow) {
  DeviceSession session = awake();
  EXPECT_EQ(session.on_text(R"({ "error": "no" })").error, "no");
  EXPECT_FALSE(session.on_text("{oops").error);
  EXPECT_FALSE(session.on_text(R"({"status":"REGISTERED"})").registered);
}

TEST(ParseDeliveries, KeepsJsonMessagesAsTheyWere) {
  const auto arrived = parse_deliveries(R"([{"message":{"a": 1},"messageId":"aa"}])");
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->at(0).message, R"({"a": 1})");
  EXPECT_FALSE(parse_deliveries("{}"));
  EXPECT_FALSE(parse_deliveries("[1]"));
}

TEST(ReconnectDelay, DoublesUpToAMinuteAndSpreads) {
  using std::chrono::milliseconds;
  EXPECT_EQ(reconnect_delay(0, 0), milliseconds(1'000));
  EXPECT_EQ(reconnect_delay(3, 0), milliseconds(8'000));
  EXPECT_EQ(reconnect_delay(60, 0), milliseconds(60'000));
  EXPECT_EQ(reconnect_delay(0, 255), milliseconds(500));
}

TEST(ListenOutput, JsonIsOneObjectALineAndEndsWhenEnough) {
  std::ostringstream out;
  std::ostringstream notes;
  const ManualClock clock;
  ListenOutput output(out, notes, Terminal(false), clock, true, 1);
  output.registered(kUrl, false);
  output.registered(kUrl, false);
  EXPECT_FALSE(output.enough());
  output.arrived({.message_id = "a", .message = "m", .sender_id = "", .priority = "", .json = R"({"message":"m"})"});
  EXPECT_TRUE(output.enough());
  output.arrived({.message_id = "b", .message = "n", .sender_id = "", .priority = "", .json = "{}"});
  EXPECT_EQ(out.str(), "{\"url\":\"http://h/notify/ab\"}\n{\"message\":\"m\"}\n");
  EXPECT_EQ(notes.str(), "");
}

TEST(ListenOutput, ForPeopleShowsTheUrlAndReadyCommands) {
  std::ostringstream out;
  std::ostringstream notes;
  const ManualClock clock;
  ListenOutput output(out, notes, Terminal(false), clock, false, 0);
  output.registered(kUrl, false);
  EXPECT_THAT(out.str(), HasSubstr("herald send http://h/notify/ab 'Hello'"));
  EXPECT_THAT(out.str(), HasSubstr("curl -d '{\"message\":\"Hello\"}' http://h/notify/ab"));
  output.arrived({.message_id = "", .message = "a\x1b[2J", .sender_id = "n1", .priority = "1", .json = ""});
  EXPECT_THAT(out.str(), HasSubstr("a\\x1b[2J  id n1  priority 1\n"));
}

TEST(Terminal, ColoursOnlyIfAsked) {
  EXPECT_EQ(Terminal(false).good("x"), "x");
  EXPECT_EQ(Terminal(true).good("x"), "\x1b[32mx\x1b[0m");
}

TEST(Printable, ShowsControlCharacters) {
  EXPECT_EQ(printable("a\nb\x7f\xc2\x9b ¡☎"), "a\\nb\\x7f\\x9b ¡☎");
}

TEST(ShellQuoted, SurvivesQuotes) {
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

TEST(NotificationBody, CarriesWhatWasGiven) {
  SendCommand command;
  EXPECT_EQ(notification_body(command, "a\"b", ""), R"({"messageType":"notification","message":"a\"b"})");
  command.id = "n1";
  command.ttl = 60;
  command.timestamp = "1343692800";
  command.priority = 2;
  EXPECT_EQ(notification_body(command, "Hi", "ab"),
            R"({"messageType":"notification","id":"n1","message":"Hi","signature":"ab","ttl":60,)"
            R"("timestamp":1343692800,"priority":2})");
}

TEST(NotificationBody, SendsJsonAsItIsWritten) {
  SendCommand command;
  command.json_message = true;
  EXPECT_EQ(notification_body(command, R"({"a": 1})", ""), R"({"messageType":"notification","message":{"a": 1}})");
  EXPECT_FALSE(notification_body(command, "{oops", ""));
}

TEST(NotificationBody, RefusesWhatTheServerWouldNotUnderstand) {
  SendCommand command;
  EXPECT_FALSE(notification_body(command, "\xff", ""));
  command.timestamp = "yesterday";
  EXPECT_FALSE(notification_body(command, "Hi", ""));
}

TEST(ReceiptUrl, EncodesTheId) {
  EXPECT_EQ(receipt_url("http://h/notify/ab", "a/b c"), "http://h/notify/ab/messages/a%2Fb%20c");
}

TEST(ReceiptPage, ShowsTheMessageAndItsDeliveries) {
  const auto page = receipt_page(
      R"({"messageId":"aa","id":"n1","state":"pending","priority":1,"acceptedAt":"A","expiresAt":"E","routed":true,)"
      R"("recipients":2,"acked":1,"deliveries":[{"device":"d1","state":"acked","routedAt":"R","sentAt":"S","endedAt":"X"}],)"
      R"("next":"c"})",
      Terminal(false));
  ASSERT_TRUE(page);
  EXPECT_THAT(page->head, HasSubstr("1 of 2 acked\n"));
  EXPECT_THAT(page->deliveries, HasSubstr("acked"));
  EXPECT_EQ(page->next, "c");
  EXPECT_FALSE(receipt_page("[]", Terminal(false)));
}

TEST(ReceiptPage, ListsTheMessagesOfAReceiptSubscription) {
  const auto page = receipt_list_page(
      R"({"messages":[{"location":"https://h/m/x","state":"acked","status":204,"acceptedAt":"A","endedAt":"E"},)"
      R"({"location":"https://h/m/y","state":"pending","status":null,"acceptedAt":"B"}],)"
      R"("next":"https://h/r/t?limit=2&after=y"})",
      Terminal(false));
  ASSERT_TRUE(page);
  EXPECT_THAT(page->deliveries, HasSubstr("acked"));
  EXPECT_THAT(page->deliveries, HasSubstr("https://h/m/y\n"));
  EXPECT_EQ(page->next, "?limit=2&after=y");
  EXPECT_FALSE(receipt_list_page("{}", Terminal(false)));
  EXPECT_FALSE(receipt_list_page("x", Terminal(false)));
}

TEST(ObjectLines, IndentsNestedObjects) {
  EXPECT_EQ(object_lines(R"({"name":"herald","queues":{"WS1":0}})", Terminal(false)),
            "name    herald\nqueues\n  WS1  0\n");
  EXPECT_EQ(object_lines("ok", Terminal(false)), "ok\n");
}

TEST(RefusalReason, PrefersTheReasonOfTheBody) {
  EXPECT_EQ(refusal_reason({400, {}, R"({"status": "ERROR", "reason": "Body too big"})"}), "Body too big");
  EXPECT_EQ(refusal_reason({401, {}, R"({"error":"Token"})"}), "Token");
  EXPECT_EQ(refusal_reason({502, {}, "Bad gateway\n"}), "Bad gateway");
  EXPECT_EQ(refusal_reason({502, {}, ""}), "HTTP status 502");
}

TEST(BaseUrl, HasNoSlashAtTheEnd) {
  EXPECT_EQ(base_url("http://h:1//"), "http://h:1");
}

}  // namespace
}  // namespace herald::app
