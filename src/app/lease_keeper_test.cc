#include "app/lease_keeper.h"

#include <gtest/gtest.h>

#include <map>

#include "adapters/in_memory/in_memory_store.h"
#include "app/lease_claim.h"

namespace herald::app {
namespace {

using std::chrono::milliseconds;
using Next = LeaseClaim::Next;

// A registry that can be away.
class Registry final : public ports::ServerRegistry {
 public:
  Registry(const Limits& limits, const Clock& clock) : store_(limits, clock) {}
  void renew(ServerLease lease, WallTime now, Reply<Status> reply) override {
    if (away) return std::move(reply)(fail(ErrorKind::kUnavailable, "away"));
    store_.renew(std::move(lease), now, std::move(reply));
  }
  void release(ServerId server, std::string holder, Reply<Status> reply) override {
    store_.release(std::move(server), std::move(holder), std::move(reply));
  }
  void list(Reply<Result<std::vector<ServerLease>>> reply) override { store_.list(std::move(reply)); }

  bool away = false;

 private:
  adapters::InMemoryStore store_;
};

class Timers final : public TimerService {
 public:
  TimerId run_after(milliseconds delay, Task task) override {
    wait = delay;
    due = std::move(task);
    return 1;
  }
  void cancel(TimerId /*id*/) override { due = nullptr; }

  milliseconds wait{0};
  Task due;
};

class LeaseKeeperTest : public testing::Test {
 protected:
  // The timer fires `later` after it was set, or at its time.
  void pass(milliseconds later = milliseconds(0)) {
    ASSERT_TRUE(timers_.due);
    clock_.advance(std::max(later, timers_.wait));
    auto task = std::move(timers_.due);
    task();
    loop_.run();
  }
  void start() {
    keeper_.start(clock_.wall());
    loop_.run();
  }
  Status other(const ServerId& server, LocationKind kind = LocationKind::kWebSocket) {
    Status answer;
    registry_.renew({server, kind, "other", clock_.wall() + milliseconds(10'000)}, clock_.wall(),
                    Reply<Status>(loop_, [&answer](Status status) { answer = std::move(status); }));
    loop_.run();
    return answer;
  }

  Limits limits_;
  ManualClock clock_;
  ManualExecutor loop_;
  Timers timers_;
  Registry registry_{limits_, clock_};
  std::vector<std::string> events_;
  LeaseKeeper keeper_{
      {.leases = {{"WS1", LocationKind::kWebSocket, "me", {}}, {"UDP1", LocationKind::kSleeping, "me", {}}},
       .lease = milliseconds(10'000),
       .renew = milliseconds(3'000)},
      {.held = [this] { events_.push_back("held"); },
       .late = [this](const Error&) { events_.push_back("late"); },
       .regained = [this] { events_.push_back("regained"); },
       .taken = [this](const ServerId& server) { events_.push_back("taken " + server); },
       .orphaned = [this](const ServerId& server) { events_.push_back("orphaned " + server); }},
      registry_,
      loop_,
      timers_,
      clock_};
};

TEST_F(LeaseKeeperTest, RenewsEachLeaseInTime) {
  start();
  for (int i = 0; i < 5; ++i) pass();
  EXPECT_EQ(events_, std::vector<std::string>(6, "held"));
  EXPECT_TRUE(keeper_.servers()->live("WS1", clock_.wall()));
  EXPECT_TRUE(keeper_.servers()->live("UDP1", clock_.wall()));
  EXPECT_FALSE(other("WS1"));
}

TEST_F(LeaseKeeperTest, StaysWhenTheStoreIsAwayForLessThanTheLease) {
  start();
  registry_.away = true;
  pass();
  pass();
  registry_.away = false;
  pass();
  EXPECT_EQ(events_, (std::vector<std::string>{"held", "late", "late", "held"}));
}

TEST_F(LeaseKeeperTest, TellsWhenOthersMayHaveSeenTheLeaseLapsed) {
  start();
  pass(milliseconds(7'499));
  EXPECT_EQ(events_.back(), "held") << "a quarter of the lease is for clocks that differ";
  pass(milliseconds(7'500));
  EXPECT_EQ(events_.back(), "regained");
  pass();
  EXPECT_EQ(events_.back(), "held");
}

TEST_F(LeaseKeeperTest, CountsTheLapsesAndSaysNothingDuringOne) {
  start();
  EXPECT_EQ(keeper_.lapses(), 0U);
  clock_.advance(milliseconds(7'499));
  EXPECT_EQ(keeper_.lapses(), 0U);
  clock_.advance(milliseconds(1));
  EXPECT_EQ(keeper_.lapses(), std::nullopt);
  pass(milliseconds(0));
  EXPECT_EQ(keeper_.lapses(), 1U);
  pass();
  EXPECT_EQ(keeper_.lapses(), 1U);
}

TEST_F(LeaseKeeperTest, TellsWhenAnotherProcessHasTheId) {
  start();
  clock_.advance(milliseconds(10'000));
  ASSERT_TRUE(other("UDP1", LocationKind::kSleeping));
  pass();
  EXPECT_EQ(events_, (std::vector<std::string>{"held", "taken UDP1"}));
  EXPECT_FALSE(timers_.due) << "nothing more is renewed";
}

TEST_F(LeaseKeeperTest, GivesTheIdsBack) {
  start();
  keeper_.stop();
  loop_.run();
  EXPECT_TRUE(other("WS1"));
  EXPECT_TRUE(other("UDP1"));
}

TEST_F(LeaseKeeperTest, TellsOnceOfEachWakeUpServerThatLapsed) {
  ASSERT_TRUE(other("UDP2", LocationKind::kSleeping));
  ASSERT_TRUE(other("WS2"));
  start();
  for (int i = 0; i < 6; ++i) pass();
  EXPECT_EQ(std::ranges::count(events_, "orphaned UDP2"), 1);
  EXPECT_EQ(std::ranges::count_if(events_, [](const auto& event) { return event.starts_with("orphaned"); }), 1);
  ASSERT_TRUE(other("UDP2", LocationKind::kSleeping));
  pass();
  for (int i = 0; i < 6; ++i) pass();
  EXPECT_EQ(std::ranges::count(events_, "orphaned UDP2"), 2) << "it came back in between";
}

class LeaseClaimTest : public testing::Test {
 protected:
  static constexpr milliseconds kPatience{20'000};
  ManualClock clock_;
  LeaseClaim claim_{"WS1", clock_.mono(), kPatience};
  ServerLease held_{"WS1", LocationKind::kWebSocket, "other", WallTime{1}};
  const Status conflict_ = fail(ErrorKind::kConflict, "held");
  const Status away_ = fail(ErrorKind::kUnavailable, "no database at 127.0.0.1");
};

TEST_F(LeaseClaimTest, WaitsForALeaseThatStandsStill) {
  EXPECT_EQ(claim_.answered(conflict_, &held_, clock_.mono()), Next::kAskAgain);
  clock_.advance(kPatience * 2);
  EXPECT_EQ(claim_.answered(conflict_, &held_, clock_.mono()), Next::kAskAgain);
  EXPECT_EQ(claim_.answered(conflict_, nullptr, clock_.mono()), Next::kAskAgain);
  EXPECT_EQ(claim_.answered({}, nullptr, clock_.mono()), Next::kHeld);
}

TEST_F(LeaseClaimTest, IsRefusedByALeaseThatMoves) {
  EXPECT_EQ(claim_.answered(conflict_, &held_, clock_.mono()), Next::kAskAgain);
  held_.until = WallTime{2};
  EXPECT_EQ(claim_.answered(conflict_, &held_, clock_.mono()), Next::kRefused);
  EXPECT_NE(claim_.reason().find("--server-id"), std::string::npos);
}

TEST_F(LeaseClaimTest, GivesUpOnAStoreThatStaysAway) {
  EXPECT_EQ(claim_.answered(away_, nullptr, clock_.mono()), Next::kAskAgain);
  clock_.advance(kPatience - milliseconds(1));
  EXPECT_EQ(claim_.answered(away_, nullptr, clock_.mono()), Next::kAskAgain);
  clock_.advance(milliseconds(1));
  EXPECT_EQ(claim_.answered(away_, nullptr, clock_.mono()), Next::kRefused);
  EXPECT_NE(claim_.reason().find("no database at 127.0.0.1"), std::string::npos);
}

}  // namespace
}  // namespace herald::app
