// What a crash between two steps of a call leaves behind, and what several processes do at once. Each state is made by
// hand, as the first step alone would have made it.
#include <gmock/gmock.h>

#include <thread>

#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/store_test_kit.h"
#include "ports/contract/store_fixture.h"

namespace herald::adapters::mongodb {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;
using enum DeliveryState;

class InterruptedTest : public testing::Test {
 protected:
  [[nodiscard]] WallTime now() const { return clock_.wall(); }
  [[nodiscard]] Message message(std::uint64_t n, std::string key = "") const {
    return message_at(now(), n, std::move(key));
  }
  MessageId put(const Message& it) {
    EXPECT_TRUE(call_.put(it));
    return it.id;
  }
  ports::AddOutcome route(MessageId id, std::vector<UserAgentId> devices) {
    return call_.add({{.message = id, .user_agents = std::move(devices), .last_page = true}}, now());
  }
  [[nodiscard]] DeliveryState state(MessageId id) { return call_.status(app_id(1), id.hex(), now())->state; }
  [[nodiscard]] std::vector<MessageId> pending(UserAgentId user_agent) {
    std::vector<MessageId> ids;
    for (const auto& it : call_.pending(user_agent, {}, 100, now()).messages) ids.push_back(it->id);
    return ids;
  }
  void change_version(const char* collection, const std::string& id, int version) {
    const Update change{text_of("_id", id), document_of("$set", number_of("v", version))};
    EXPECT_EQ(session_.update(collection, {&change, 1})->matched, 1);
  }

  ManualClock clock_;
  MongodbUnderTest store_{Limits{}, clock_};
  Caller call_{store_};
  NullLog log_;
  NullMetrics cells_;
  StoreMetrics metrics_{cells_};
  Connection::Client client_ = store_.database().connection().client();
  Session session_{*client_, store_.database().options().database, clock_, metrics_};
};

TEST_F(InterruptedTest, ARepeatedPutChangesNothing) {
  const auto older = put(message(1, "k"));
  const auto newer = put(message(2, "k"));
  put(message(2, "k"));
  put(message(1, "k"));
  EXPECT_EQ(state(older), kReplaced);
  EXPECT_EQ(state(newer), kPending);
  EXPECT_EQ(call_.unrouted({}, now() + kHour, 10).size(), 1);
}

TEST_F(InterruptedTest, AMessageStoredWithoutReplacingDoesSoWhenItIsRouted) {
  const auto older = put(message(1, "k"));
  route(older, {device(1)});
  const Document newer = message_document(message(2, "k"));
  ASSERT_TRUE(session_.insert(kMessages, {&newer, 1}));
  EXPECT_EQ(state(older), kPending) << "the newer one was never accepted";
  EXPECT_EQ(route(message(2, "k").id, {device(1)}).added, 1);
  EXPECT_EQ(state(older), kReplaced);
  EXPECT_EQ(pending(device(1)), std::vector{message(2, "k").id});
}

TEST_F(InterruptedTest, AReplacedMessageWithOpenDeliveriesIsNotDelivered) {
  const auto older = put(message(1, "k"));
  route(older, {device(1)});
  const Update end{text_of("_id", older.hex()), end_of_message("replaced_at", now())};
  ASSERT_TRUE(session_.update(kMessages, {&end, 1}));
  EXPECT_TRUE(pending(device(1)).empty());
  EXPECT_EQ(call_.fetch({older}, now()).at(0), nullptr);
}

TEST_F(InterruptedTest, DeliveriesWrittenWithoutTheMarkAreRoutedAgain) {
  const auto id = put(message(1));
  const auto found = session_.find_one(kMessages, {text_of("_id", id.hex()), {}});
  const auto stored = read_message(Row(**found)).value();
  const Document delivery = delivery_document(stored, device(1), true, now());
  ASSERT_TRUE(session_.insert(kDeliveries, {&delivery, 1}));
  ASSERT_EQ(call_.unrouted({}, now() + kHour, 10).size(), 1);
  // Meanwhile a second device has registered: the first is not the only one any more.
  EXPECT_EQ(route(id, {device(1), device(2)}).added, 1);
  EXPECT_TRUE(call_.unrouted({}, now() + kHour, 10).empty());
  call_.record({{id, device(1), kAcked, now(), now()}});
  EXPECT_EQ(state(id), kPending);
  EXPECT_EQ(pending(device(2)), std::vector{id});
  call_.record({{id, device(2), kAcked, now(), now()}});
  EXPECT_EQ(state(id), kAcked);
}

TEST_F(InterruptedTest, AnAckedDeliveryWhoseMessageDidNotEndCountsWhenItWouldExpire) {
  const auto sole = put(message(1));
  const auto several = put(message(2));
  route(sole, {device(1)});
  route(several, {device(1), device(2)});
  std::vector<Update> acks;
  for (const auto& id :
       {delivery_id(sole, device(1)), delivery_id(several, device(1)), delivery_id(several, device(2))}) {
    acks.push_back({text_of("_id", id), acked_change(now(), now())});
  }
  ASSERT_TRUE(session_.update(kDeliveries, acks));
  EXPECT_TRUE(pending(device(1)).empty());
  clock_.advance(kHour);
  EXPECT_EQ(call_.purge(now(), kHour, 10).expired, 0);
  EXPECT_EQ(state(sole), kAcked);
  EXPECT_EQ(state(several), kAcked);
}

TEST_F(InterruptedTest, ARecordThatCameNoFurtherThanTheDeliveriesEndsTheirMessagesWhenRepeated) {
  const auto sole = put(message(1));
  const auto several = put(message(2));
  route(sole, {device(1)});
  route(several, {device(1), device(2)});
  std::vector<Update> acks;
  std::vector<DeliveryEvent> events;
  for (const auto& [id, user_agent] :
       {std::pair(sole, device(1)), std::pair(several, device(1)), std::pair(several, device(2))}) {
    acks.push_back({text_of("_id", delivery_id(id, user_agent)), acked_change(now(), now())});
    events.push_back({id, user_agent, kAcked, now(), now()});
  }
  ASSERT_TRUE(session_.update(kDeliveries, acks));
  EXPECT_EQ(state(several), kPending);
  EXPECT_EQ(call_.record(events), 0) << "no delivery changed";
  EXPECT_EQ(state(sole), kAcked);
  EXPECT_EQ(state(several), kAcked);
}

TEST_F(InterruptedTest, AMessageThatAllAckedBeforeItsLastPageCameEndsThen) {
  const auto id = put(message(1));
  call_.add({{.message = id, .user_agents = {device(1), device(2)}, .last_page = false}}, now());
  call_.record({{id, device(1), kAcked, now(), now()}, {id, device(2), kAcked, now(), now()}});
  EXPECT_EQ(state(id), kPending) << "there may be more devices";
  route(id, {});
  EXPECT_EQ(state(id), kAcked);
}

// As when a device finds its delivery by itself and acks it while add() is on its way to the mark.
TEST_F(InterruptedTest, AMessageThatAllAckedBeforeTheMarkEndsWithTheMark) {
  const auto id = put(message(1));
  const auto found = session_.find_one(kMessages, {text_of("_id", id.hex()), {}});
  const auto stored = read_message(Row(**found)).value();
  std::vector<Document> deliveries;
  for (const auto& user_agent : {device(1), device(2)}) {
    deliveries.push_back(delivery_document(stored, user_agent, false, now()));
  }
  ASSERT_TRUE(session_.insert(kDeliveries, deliveries));
  call_.record({{id, device(1), kAcked, now(), now()}, {id, device(2), kAcked, now(), now()}});
  EXPECT_EQ(state(id), kPending);
  route(id, {device(1), device(2)});
  EXPECT_EQ(state(id), kAcked);
}

TEST_F(InterruptedTest, WhatIsLeftOfMessagesWithManyDevicesIsAskedInPartsAndFoundWhole) {
  std::vector<UserAgentId> devices;
  for (std::uint64_t n = 1; n <= 60; ++n) devices.push_back(device(n));
  std::vector<MessageId> ids;
  std::vector<DeliveryEvent> acks;
  for (std::uint64_t n = 1; n <= 4; ++n) {
    ids.push_back(put(message(n)));
    route(ids.back(), devices);
    for (const auto& user_agent : devices) acks.push_back({ids.back(), user_agent, kAcked, now(), now()});
  }
  // The second keeps all but one, the last keeps one.
  std::erase_if(acks, [&](const DeliveryEvent& event) {
    return (event.message == ids[1] && event.user_agent != device(1)) ||
           (event.message == ids[3] && event.user_agent == device(60));
  });
  EXPECT_EQ(call_.record(acks), 180);
  EXPECT_EQ(state(ids[0]), kAcked);
  EXPECT_EQ(state(ids[1]), kPending);
  EXPECT_EQ(state(ids[2]), kAcked);
  EXPECT_EQ(state(ids[3]), kPending);
}

// What a newer Herald wrote in a way that this one can't read.
TEST_F(InterruptedTest, ADocumentOfANewerVersionIsLeftAloneAndHoldsUpNoOther) {
  const auto newer = put(message(1));
  const auto older = put(message(2));
  route(newer, {device(1)});
  route(older, {device(1), device(2)});
  change_version(kMessages, newer.hex(), kVersion + 1);
  EXPECT_EQ(pending(device(1)), std::vector{older});
  const auto fetched = call_.fetch({newer, older}, now());
  EXPECT_EQ(fetched.at(0), nullptr);
  EXPECT_NE(fetched.at(1), nullptr);
  change_version(kDeliveries, delivery_id(older, device(2)), kVersion + 1);
  EXPECT_TRUE(pending(device(2)).empty());
  EXPECT_EQ(call_.record({{older, device(2), kAcked, now(), now()}, {older, device(1), kAcked, now(), now()}}), 1);
  EXPECT_TRUE(pending(device(1)).empty());
  const auto unrouted = put(message(3));
  change_version(kMessages, unrouted.hex(), kVersion + 1);
  EXPECT_EQ(route(unrouted, {device(1)}).added, 0);
  EXPECT_EQ(call_.unrouted({}, now() + kHour, 10).size(), 1) << "a newer monitor's to route";
  // A process that knows the version finds all of it as it was.
  change_version(kMessages, newer.hex(), kVersion);
  change_version(kMessages, unrouted.hex(), kVersion);
  change_version(kDeliveries, delivery_id(older, device(2)), kVersion);
  EXPECT_EQ(route(unrouted, {device(1)}).added, 1);
  EXPECT_EQ(pending(device(1)), (std::vector{newer, unrouted}));
  EXPECT_EQ(pending(device(2)), std::vector{older});
}

TEST_F(InterruptedTest, AMessageOfANewerVersionIsNeitherReplacedNorPassedOver) {
  const auto newer = put(message(1, "k"));
  change_version(kMessages, newer.hex(), kVersion + 1);
  EXPECT_EQ(call_.put(message(2, "k")).error().kind, ErrorKind::kCorrupt);
  change_version(kMessages, newer.hex(), kVersion);
  put(message(2, "k"));
  EXPECT_EQ(state(newer), kReplaced);
}

TEST_F(InterruptedTest, ANodeOfANewerVersionCountsAsDisconnected) {
  call_.set_location(device(1), {.kind = LocationKind::kWebSocket, .server = "WS1"});
  call_.set_location(device(2), {.kind = LocationKind::kWebSocket, .server = "WS1"});
  change_version(kNodes, device(1).hex(), kVersion + 1);
  const auto nodes = call_.locate({device(1), device(2)});
  EXPECT_EQ(nodes.at(0).location, Location{});
  EXPECT_EQ(nodes.at(1).location.server, "WS1");
}

TEST_F(InterruptedTest, AnAppCountedTooHighIsCountedAgainBeforeItRefuses) {
  Limits limits;
  limits.devices_per_app = 2;
  const auto opened = MongodbStore::open(store_.database().options(), limits, clock_, log_, cells_);
  ASSERT_TRUE(opened);
  ASSERT_TRUE(call_.register_app(kApp, device(1)));
  const Update drift{text_of("_id", app_id(1).hex()), document_of("$inc", number_of("devices", 5))};
  ASSERT_TRUE(session_.update(kApps, {&drift, 1}));
  ports::contract::WaitingExecutor executor;
  const auto register_one = [&](std::uint64_t n) {
    return ports::contract::await<Status>(
        executor, [&](Reply<Status> reply) { (*opened)->register_app(kApp, device(n), std::move(reply)); });
  };
  EXPECT_TRUE(register_one(2));
  EXPECT_EQ(register_one(3).error().kind, ErrorKind::kExhausted);
}

TEST_F(InterruptedTest, AnUnregistrationThatDroppedNothingYetDoesSoWhenRepeated) {
  ASSERT_TRUE(call_.register_app(kApp, device(1)));
  route(put(message(1)), {device(1)});
  const Document registration = text_of("_id", registration_id(app_id(1), device(1)));
  ASSERT_TRUE(session_.remove(kRegistrations, {&registration, 1}));
  EXPECT_FALSE(call_.unregister_app(app_id(1), device(1)));
  EXPECT_TRUE(pending(device(1)).empty());
}

// What ended them came no further than the messages: a page of their deliveries is not the end of what waits.
TEST_F(InterruptedTest, EndedMessagesWhoseDeliveriesAreOpenHideNothingBehindThem) {
  for (std::uint64_t n = 1; n <= 9; ++n) route(put(message(n)), {device(1), device(2)});
  for (const std::uint64_t n : {1U, 2U, 3U, 4U, 6U}) {
    const Update ended{text_of("_id", message(n).id.hex()), end_of_message("replaced_at", now())};
    ASSERT_TRUE(session_.update(kMessages, {&ended, 1}));
  }
  const auto first = call_.pending(device(1), {}, 2, now());
  ASSERT_EQ(first.messages.size(), 2);
  EXPECT_EQ(first.messages[0]->id, message(5).id);
  EXPECT_EQ(first.messages[1]->id, message(7).id);
  EXPECT_TRUE(first.more);
  const auto second = call_.pending(device(1), message(7).id, 2, now());
  ASSERT_EQ(second.messages.size(), 2);
  EXPECT_EQ(second.messages[1]->id, message(9).id);
  EXPECT_FALSE(second.more);
}

// Its mailbox is full of deliveries that only a newer Herald can read.
TEST_F(InterruptedTest, UnreadableDeliveriesOfAFullMailboxHoldNothingUp) {
  Limits limits;
  limits.pending_per_device = 2;
  const auto opened = MongodbStore::open(store_.database().options(), limits, clock_, log_, cells_);
  ASSERT_TRUE(opened);
  ports::contract::WaitingExecutor executor;
  const auto add = [&](MessageId id) {
    std::vector<ports::NewDeliveries> entries{
        {.message = id, .user_agents = {device(1), device(2)}, .last_page = true}};
    return ports::contract::await<Result<ports::AddOutcome>>(executor, [&](Reply<Result<ports::AddOutcome>> reply) {
      (*opened)->add(std::move(entries), now(), std::move(reply));
    });
  };
  ASSERT_TRUE(call_.register_app(kApp, device(1)));
  for (std::uint64_t n = 1; n <= 2; ++n) {
    ASSERT_TRUE(add(put(message(n))));
    change_version(kDeliveries, delivery_id(message(n).id, device(1)), kVersion + 1);
  }
  for (std::uint64_t n = 3; n <= 6; ++n) {
    const auto added = add(put(message(n)));
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_EQ(added->added, 2);
  }
  EXPECT_EQ(pending(device(2)), (std::vector{message(5).id, message(6).id}));
  EXPECT_TRUE(pending(device(1)).empty()) << "the two that can't be read fill it, and what was readable was dropped";
  EXPECT_TRUE(call_.unregister_app(kApp.id, device(1)));
  EXPECT_FALSE(call_.find_app(kApp.id));
}

TEST_F(InterruptedTest, UnreadableMessagesHoldUpNeitherThePurgeNorTheSweep) {
  for (std::uint64_t n = 1; n <= 3; ++n) {
    put(message(n));
    change_version(kMessages, message(n).id.hex(), kVersion + 1);
  }
  const Document damaged_app = document_of("$set", text_of("app", "?"));
  const Update damage{text_of("_id", message(1).id.hex()), Document(*damaged_app.get())};
  ASSERT_TRUE(session_.update(kMessages, {&damage, 1}));
  const auto readable_one = put(message(4));
  EXPECT_EQ(call_.unrouted({}, now() + kHour, 3).size(), 3);
  const auto purged = call_.purge(now() + 2 * kHour, 3 * kHour, 2);
  EXPECT_EQ(purged.expired, 1);
  EXPECT_EQ(call_.status(app_id(1), readable_one.hex(), now() + 2 * kHour)->state, kExpired);
}

TEST_F(InterruptedTest, ANewerDatabaseIsLeftAlone) {
  const Update newer{text_of("_id", "herald"), document_of("$set", number_of("v", kVersion + 1))};
  ASSERT_TRUE(session_.update(kSchema, {&newer, 1}));
  const auto opened = MongodbStore::open(store_.database().options(), Limits{}, clock_, log_, cells_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("schema version 2, this herald knows version 1"));
}

// Each of two processes moves the device again and again. Every connection is told to exactly one successor.
TEST_F(InterruptedTest, TakeOversByTwoProcessesFormOneChain) {
  const auto second = MongodbStore::open(store_.database().options(), Limits{}, clock_, log_, cells_);
  ASSERT_TRUE(second);
  std::array<std::vector<std::uint64_t>, 2> displaced;
  const auto move = [&](ports::Directory& directory, std::uint64_t process) {
    ports::contract::WaitingExecutor executor;
    for (std::uint64_t n = 1; n <= 25; ++n) {
      const Location here{.kind = LocationKind::kWebSocket, .server = "WS", .connection = process * 100 + n};
      const auto before = ports::contract::await<Result<Location>>(executor, [&](Reply<Result<Location>> reply) {
        directory.set_location(device(1), here, {}, std::move(reply));
      });
      ASSERT_TRUE(before);
      displaced[process].push_back(before->connection);
    }
  };
  std::thread other([&] { move(**second, 1); });
  move(store_.directory(), 0);
  other.join();
  std::set<std::uint64_t> all(displaced[0].begin(), displaced[0].end());
  all.insert(displaced[1].begin(), displaced[1].end());
  EXPECT_EQ(all.size(), 50) << "none was displaced twice";
}

}  // namespace
}  // namespace herald::adapters::mongodb
