// The disk fails at step 0, 1, 2 … of a store's work: every call is answered, what was acknowledged is there, what was
// refused is not, and the store comes back by itself when the disk does.

#include <gmock/gmock.h>

#include "adapters/rocksdb/faulty_disk.h"
#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;
using ports::contract::numbered;

class StoreFault : public testing::TestWithParam<bool> {
 protected:
  StoreFault() {
    faults_.as_io_error = GetParam();
    env_ = faulty_env(faults_);
  }
  [[nodiscard]] Message message(std::uint64_t n) const {
    return {.id = numbered<MessageId>(n),
            .app = app_id(1),
            .replace_key = "",
            .meta = "",
            .body = "body",
            .accepted_at = clock_.wall(),
            .expires_at = clock_.wall() + std::chrono::hours(1)};
  }
  [[nodiscard]] bool is_stored(Caller& call, std::uint64_t n) {
    return call.fetch({message(n).id}, clock_.wall()).at(0) != nullptr;
  }
  // Puts until one is refused; answers its number.
  [[nodiscard]] std::uint64_t put_until_refused(Caller& call) {
    for (std::uint64_t n = 1;; ++n) {
      const auto outcome = call.put(message(n));
      if (outcome) continue;
      EXPECT_EQ(outcome.error().kind, ErrorKind::kUnavailable) << outcome.error().message;
      return n;
    }
  }

  [[nodiscard]] static Result<bool> unregister(OpenStore& store, std::uint64_t device_number) {
    ports::contract::WaitingExecutor executor;
    return ports::contract::await<Result<bool>>(executor, [&](auto reply) {
      store.directory().unregister_app(app_id(1), device(device_number), std::move(reply));
    });
  }

  // Device 1, which is woken at `ip`.
  [[nodiscard]] static Result<Location> fall_asleep(OpenStore& store, const std::string& ip) {
    ports::contract::WaitingExecutor executor;
    const Location location{.kind = LocationKind::kSleeping, .server = "UDP1"};
    return ports::contract::await<Result<Location>>(executor, [&](auto reply) {
      store.directory().set_location(device(1), location, WakeInterface{.ip = ip}, std::move(reply));
    });
  }

  Limits limits_;
  ManualClock clock_;
  Faults faults_;
  std::unique_ptr<rocksdb::Env> env_;
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

TEST_P(StoreFault, EveryStepCanFailAndTheStoreComesBack) {
  for (std::int64_t steps = 0; steps < 8; ++steps) {
    SCOPED_TRACE(steps);
    folder_ = std::make_shared<TemporaryFolder>();
    faults_.mend();
    auto store = std::make_unique<OpenStore>(folder_, limits_, clock_, env_.get());
    auto call_store = std::make_unique<Caller>(*store);
    Caller& call = *call_store;
    faults_.fail_after(steps);
    const std::uint64_t refused = put_until_refused(call);
    for (std::uint64_t n = 1; n < refused; ++n) EXPECT_TRUE(is_stored(call, n)) << n;
    EXPECT_FALSE(is_stored(call, refused)) << "nothing of a refused batch is visible";

    clock_.advance(std::chrono::seconds(10));
    EXPECT_EQ(call.put(message(refused)).error().kind, ErrorKind::kUnavailable) << "the disk is still full";

    faults_.mend();
    clock_.advance(std::chrono::seconds(10));
    const auto again = call.put(message(refused + 1));
    EXPECT_TRUE(again) << (again ? "" : again.error().message);
    EXPECT_TRUE(is_stored(call, refused + 1));
    for (std::uint64_t n = 1; n < refused; ++n) EXPECT_TRUE(is_stored(call, n)) << n;

    call_store.reset();
    store.reset();
    OpenStore reopened(folder_, limits_, clock_, env_.get());
    Caller call_reopened(reopened);
    EXPECT_TRUE(is_stored(call_reopened, refused + 1));
    for (std::uint64_t n = 1; n < refused; ++n) EXPECT_TRUE(is_stored(call_reopened, n)) << n;
  }
}

TEST_P(StoreFault, WhatWasAcknowledgedIsThereWhenOpenedAgain) {
  std::uint64_t refused = 0;
  {
    OpenStore store(folder_, limits_, clock_, env_.get());
    Caller call(store);
    faults_.fail_after(7);
    refused = put_until_refused(call);
  }
  faults_.mend();
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  for (std::uint64_t n = 1; n < refused; ++n) EXPECT_TRUE(is_stored(call, n)) << n;
}

TEST_P(StoreFault, WhatWasAnsweredOutlivesACommitThatFails) {
  limits_.pending_per_device = 1;
  limits_.young_ms = 0;
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  ASSERT_TRUE(call.put(message(1)));
  faults_.fail_after(0);
  const std::vector<ports::NewDeliveries> route{
      {.message = message(1).id, .user_agents = {device(1)}, .last_page = true}};
  EXPECT_EQ(call.add(route, clock_.wall()).added, 1);
  EXPECT_EQ(call.put(message(2)).error().kind, ErrorKind::kUnavailable);
  faults_.mend();
  clock_.advance(std::chrono::seconds(10));
  const auto again = call.add(route, clock_.wall());
  EXPECT_EQ(again.added, 0) << "it stands already";
  EXPECT_EQ(again.dropped, 0);
  EXPECT_EQ(call.pending(device(1), {}, 10, clock_.wall()).messages.size(), 1);
}

// A message for two devices; one acked, and the receipt showed it. What a receipt has shown never goes back.
TEST_P(StoreFault, AReceiptThatWasShownStaysTrue) {
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  ASSERT_TRUE(call.put(message(1)));
  const std::vector<ports::NewDeliveries> route{
      {.message = message(1).id, .user_agents = {device(1), device(2)}, .last_page = true}};
  call.add(route, clock_.wall());
  call.record({{message(1).id, device(1), DeliveryState::kAcked, clock_.wall(), clock_.wall()}});
  const auto acked = [&] { return call.status(app_id(1), message(1).id.hex(), clock_.wall())->acked; };
  EXPECT_EQ(acked(), 1);
  faults_.fail_after(0);
  EXPECT_FALSE(call.put(message(2)));
  faults_.mend();
  clock_.advance(std::chrono::seconds(10));
  call.add(route, clock_.wall());
  EXPECT_EQ(acked(), 1);
  EXPECT_THAT(call.pending(device(1), {}, 10, clock_.wall()).messages, testing::IsEmpty());
  EXPECT_EQ(call.pending(device(2), {}, 10, clock_.wall()).messages.size(), 1);
}

// The ack is answered before its commit, and that commit fails.
TEST_P(StoreFault, AnAckOutlivesTheCommitThatLostIt) {
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  ASSERT_TRUE(call.put(message(1)));
  call.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
  faults_.fail_after(0);
  EXPECT_EQ(call.record({{message(1).id, device(1), DeliveryState::kAcked, clock_.wall(), clock_.wall()}}), 1);
  EXPECT_FALSE(call.put(message(2)));
  faults_.mend();
  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(call.status(app_id(1), message(1).id.hex(), clock_.wall())->state, DeliveryState::kAcked);
}

// The log has the rows, only their sync failed: they come back when the files are opened again. The sender was told
// that the message was not stored, and yet it is outstanding; and the message that the commit spilled is in one place.
TEST_P(StoreFault, ACommitThatFailedAndReachedTheLogIsAdopted) {
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  ASSERT_TRUE(call.put(message(1)));
  clock_.advance(std::chrono::milliseconds(limits_.young_ms));
  faults_.fail_after(1);
  EXPECT_EQ(call.put(message(2)).error().kind, ErrorKind::kUnavailable);
  faults_.mend();
  clock_.advance(std::chrono::seconds(10));
  ASSERT_TRUE(call.put(message(3)));
  std::vector<MessageId> unrouted;
  for (const auto& found : call.unrouted({}, clock_.wall() + std::chrono::seconds(1), 10)) {
    unrouted.push_back(found.message);
  }
  std::vector<MessageId> stored{message(1).id};
  if (is_stored(call, 2)) stored.push_back(message(2).id);
  stored.push_back(message(3).id);
  EXPECT_EQ(unrouted, stored);
}

// The rows of the commit are in the log, only their sync failed. What was read from the database meanwhile is
// forgotten: the delivery that the commit dropped waits for nobody. Once in flight, once in rows.
TEST_P(StoreFault, AnAdoptedCommitDropsWhatItHadDropped) {
  for (const std::uint64_t young_ms : {limits_.young_ms, std::uint64_t{0}}) {
    SCOPED_TRACE(young_ms);
    limits_.young_ms = young_ms;
    folder_ = std::make_shared<TemporaryFolder>();
    OpenStore store(folder_, limits_, clock_, env_.get());
    Caller call(store);
    for (const auto n : {1, 2}) ASSERT_TRUE(call.register_app({.id = app_id(1), .public_key_pem = ""}, device(n)));
    ASSERT_TRUE(call.put(message(1)));
    call.add({{.message = message(1).id, .user_agents = {device(1), device(2)}, .last_page = true}}, clock_.wall());
    faults_.fail_syncs();
    EXPECT_EQ(unregister(store, 1).error().kind, ErrorKind::kUnavailable);
    EXPECT_EQ(call.status(app_id(1), message(1).id.hex(), clock_.wall())->recipients, 2);
    faults_.mend();
    clock_.advance(std::chrono::seconds(10));
    ASSERT_TRUE(call.put(message(2)));
    EXPECT_THAT(call.pending(device(1), {}, 10, clock_.wall()).messages, testing::IsEmpty());
    call.record({{message(1).id, device(2), DeliveryState::kAcked, clock_.wall(), clock_.wall()}});
    EXPECT_EQ(call.status(app_id(1), message(1).id.hex(), clock_.wall())->state, DeliveryState::kDropped);
  }
}

// It answers what an earlier commit changed that was not synced, so it is no answer until the disk has that commit.
TEST_P(StoreFault, ASyncedCallThatChangesNothingWaitsForTheSyncToo) {
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  ASSERT_TRUE(call.put(message(1)));
  call.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
  call.record({{message(1).id, device(1), DeliveryState::kAcked, clock_.wall(), clock_.wall()}});
  const std::string key = message(1).id.hex();
  ASSERT_EQ(call.status(app_id(1), key, clock_.wall())->state, DeliveryState::kAcked) << "written, and not synced";
  faults_.fail_syncs();
  EXPECT_EQ(call.cancel(app_id(1), key, clock_.wall()).error().kind, ErrorKind::kUnavailable);
  faults_.mend();
  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(call.cancel(app_id(1), key, clock_.wall())->state, DeliveryState::kAcked);
}

TEST_P(StoreFault, PastTheBytesThatMayBeUnsyncedACommitIsSynced) {
  // Routes are written and not synced, one commit each. The first of them that is synced all the same.
  const auto first_synced = [this](std::uint64_t unsynced_max_bytes) {
    constexpr std::uint64_t kRoutes = 9;
    limits_.young_ms = 0;
    limits_.commit_unsynced_max_bytes = unsynced_max_bytes;
    OpenStore store(std::make_shared<TemporaryFolder>(), limits_, clock_, env_.get());
    Caller call(store);
    for (std::uint64_t n = 1; n <= kRoutes; ++n) EXPECT_TRUE(call.put(message(n)));
    const std::uint64_t before = faults_.syncs();
    for (std::uint64_t n = 1; n <= kRoutes; ++n) {
      call.add({{.message = message(n).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
      EXPECT_TRUE(call.status(app_id(1), message(n).id.hex(), clock_.wall())) << "shown, so it is written";
      if (faults_.syncs() > before) return n;
    }
    return kRoutes + 1;
  };
  EXPECT_EQ(first_synced(4'194'304), 10U) << "none of them";
  EXPECT_EQ(first_synced(1), 2U);
  std::uint64_t least = 1;
  std::uint64_t bytes = 4'096;  // of one such commit, in the end
  while (least < bytes) {
    const std::uint64_t middle = (least + bytes) / 2;
    if (first_synced(middle) > 2) {
      bytes = middle;
    } else {
      least = middle + 1;
    }
  }
  EXPECT_EQ(first_synced(3 * bytes), 5U) << "at the limit";
  EXPECT_EQ(first_synced(3 * bytes - 1), 4U) << "past it";
}

// What waits for it has a row that the failed commit could not write.
TEST_P(StoreFault, ASleeperIsFoundByWhatIsNotWrittenYet) {
  limits_.young_ms = 0;
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  ASSERT_TRUE(fall_asleep(store, "10.0.0.1"));
  ASSERT_TRUE(call.put(message(1)));
  faults_.fail_after(0);
  call.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
  ASSERT_FALSE(fall_asleep(store, "10.0.0.2"));
  const auto sleepers = call.sleepers("UDP1", {}, 10);
  ASSERT_EQ(sleepers.size(), 1);
  EXPECT_EQ(sleepers.front().user_agent, device(1));
}

TEST_P(StoreFault, OpeningOnAFailingDiskSaysSo) {
  for (std::int64_t steps = 0; steps < 12; ++steps) {
    folder_ = std::make_shared<TemporaryFolder>();
    faults_.fail_after(steps);
    NullLog log;
    NullMetrics metrics;
    const auto opened =
        RocksdbStore::open({.folder = folder_->path(), .env = env_.get()}, limits_, clock_, log, metrics);
    faults_.mend();
    if (opened) continue;
    EXPECT_EQ(opened.error().kind, ErrorKind::kUnavailable) << opened.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(FullAndBroken, StoreFault, testing::Bool());

}  // namespace
}  // namespace herald::adapters
