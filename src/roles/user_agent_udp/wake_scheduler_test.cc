#include "roles/user_agent_udp/wake_scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace herald::roles::user_agent_udp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

UserAgentId device(std::uint32_t n) {
  UserAgentId id;
  for (std::size_t i = 0; i < 4; ++i) id.bytes[12 + i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
  return id;
}

Limits small_limits() {
  Limits limits;
  limits.ping_retry_first_ms = 5'000;
  limits.ping_retry_most_ms = 20'000;
  limits.ping_attempts = 5;
  limits.ping_gather_ms = 60'000;
  limits.ping_interval_ms = 1'000;
  limits.pings_per_target_per_s = 1'000;
  limits.pings_per_s = 1'000;
  return limits;
}

struct WakeSchedulerTest : testing::Test {
  Limits limits = small_limits();
  std::unique_ptr<WakeScheduler> scheduler = std::make_unique<WakeScheduler>(limits, 1'000);
  MonoTime start{1'000'000'000'000};
  MonoTime now = start;

  void rebuild(std::size_t devices_max = 1'000) { scheduler = std::make_unique<WakeScheduler>(limits, devices_max); }
  static WakeInterface at(std::uint32_t n) {
    return {"10.0." + std::to_string(n / 250) + "." + std::to_string(n % 250), 5000};
  }
  bool deliver(std::uint32_t n, Priority priority, milliseconds lives = hours(10)) {
    return scheduler->deliver(device(n), at(n), priority, now + lives, now);
  }
  std::vector<UserAgentId> due() {
    std::vector<UserAgentId> devices;
    for (const auto& ping : scheduler->due(now)) devices.push_back(ping.user_agent);
    return devices;
  }
  // Lets `time` pass, asking whenever the scheduler wants; gives the times of pings in ms from now.
  std::vector<std::int64_t> pings_within(milliseconds time) {
    std::vector<std::int64_t> times;
    const auto from = now;
    const auto until = now + time;
    for (auto next = scheduler->next_due(now); next && *next <= until; next = scheduler->next_due(now)) {
      EXPECT_GE(*next, now);
      now = std::max(now, *next);
      times.insert(times.end(), due().size(), (now - from) / milliseconds(1));
    }
    now = until;
    return times;
  }
};

TEST_F(WakeSchedulerTest, PingsAtOnceForPriorityOne) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(scheduler->next_due(now), now);
  const auto pings = scheduler->due(now);
  ASSERT_EQ(pings.size(), 1U);
  EXPECT_EQ(pings[0].user_agent, device(1));
  EXPECT_EQ(pings[0].wake, at(1));
  EXPECT_EQ(pings[0].located_at, now);
}

// A device must show that its first ping reached it.
struct UnprovenTest : WakeSchedulerTest {
  std::map<std::string, MonoTime> heard;  // from which address, when

  void SetUp() override {
    limits.ping_unproven_interval_ms = 600'000;
    scheduler = std::make_unique<WakeScheduler>(
        limits, 1'000, [this](const UserAgentId& /*user_agent*/, const WakeInterface& wake, MonoTime since) {
          const auto found = heard.find(wake.ip);
          return found != heard.end() && found->second > since;
        });
  }
};

TEST_F(UnprovenTest, ADeviceThatProvesNothingGetsOnePingInAnInterval) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(pings_within(milliseconds(599'999)), (std::vector<std::int64_t>{0}));
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(pings_within(milliseconds(600'000)), (std::vector<std::int64_t>{1})) << "what comes new does not change it";
}

TEST_F(UnprovenTest, NeitherPullingNorAnEndOfTheMessagesAsksForAnotherPing) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime, milliseconds(10)));
  EXPECT_EQ(due().size(), 1U);
  for (int i = 0; i < 5; ++i) {
    now = now + milliseconds(2'000);
    scheduler->pulled(device(1), i % 2 == 0, now, now);
    scheduler->gone(device(1), now);
    EXPECT_TRUE(deliver(1, Priority::kRealTime, milliseconds(10)));
    EXPECT_TRUE(pings_within(milliseconds(1'000)).empty()) << i;
  }
}

TEST_F(UnprovenTest, OtherAddressesAskForNoFurtherPing) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  for (std::uint32_t n = 2; n < 6; ++n) {
    now = now + milliseconds(2'000);
    EXPECT_TRUE(scheduler->deliver(device(1), at(n), Priority::kRealTime, now + hours(1), now));
    EXPECT_TRUE(due().empty()) << n;
  }
}

TEST_F(UnprovenTest, APingThatWasNotSentCountsForNothing) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  scheduler->moved(device(1), at(2), now);
  EXPECT_EQ(due().size(), 1U) << "the first that is sent";
  EXPECT_TRUE(pings_within(milliseconds(60'000)).empty());
}

TEST_F(UnprovenTest, WhoWasHeardFromItsAddressAfterTheFirstPingIsPingedAsEver) {
  heard[at(1).ip] = now;
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(pings_within(milliseconds(10'000)), (std::vector<std::int64_t>{0}))
      << "heard before the ping proves nothing";
  heard[at(1).ip] = now;
  scheduler->pulled(device(1), true, now, now);
  EXPECT_EQ(pings_within(milliseconds(20'000)), (std::vector<std::int64_t>{5'000, 10'000, 20'000}));
}

TEST_F(UnprovenTest, AProofHoldsForItsAddressOnly) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  EXPECT_EQ(scheduler->pinged_at(device(1)), at(1));
  scheduler->proved(device(1), at(1).ip);
  now = now + milliseconds(2'000);
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(pings_within(milliseconds(1'000)), (std::vector<std::int64_t>{0}));
  EXPECT_TRUE(scheduler->deliver(device(1), at(2), Priority::kRealTime, now + hours(1), now));
  EXPECT_TRUE(pings_within(milliseconds(60'000)).empty()) << "it was pinged unproven not long ago";
}

TEST_F(WakeSchedulerTest, GathersPriorityTwoAndPingsOnceForAllOfIt) {
  EXPECT_TRUE(deliver(1, Priority::kGathered));
  now = now + milliseconds(30'000);
  EXPECT_TRUE(deliver(1, Priority::kGathered));
  EXPECT_TRUE(due().empty());
  EXPECT_EQ(pings_within(milliseconds(34'000)), (std::vector<std::int64_t>{30'000}));
}

TEST_F(WakeSchedulerTest, PriorityOneTakesTheGatheredOnesAlong) {
  EXPECT_TRUE(deliver(1, Priority::kGathered));
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  scheduler->pulled(device(1), false, now + milliseconds(10), now + milliseconds(10));
  EXPECT_TRUE(pings_within(hours(1)).empty());
}

TEST_F(WakeSchedulerTest, PriorityThreeNeverWakes) {
  EXPECT_TRUE(deliver(1, Priority::kPassive));
  EXPECT_EQ(scheduler->next_due(now), std::nullopt);
  EXPECT_EQ(scheduler->devices(), 0U);
}

TEST_F(WakeSchedulerTest, PingsOnceForManyMessages) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
}

TEST_F(WakeSchedulerTest, BacksOffAndStopsAfterTheLastAttempt) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(pings_within(hours(5)), (std::vector<std::int64_t>{0, 5'000, 15'000, 35'000, 55'000}));
  EXPECT_EQ(scheduler->devices(), 0U);
  EXPECT_EQ(scheduler->next_due(now), std::nullopt);
}

TEST_F(WakeSchedulerTest, SomethingNewBeginsANewBatch) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(pings_within(milliseconds(16'000)).size(), 3U);
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(pings_within(hours(5)), (std::vector<std::int64_t>{0, 5'000, 15'000, 35'000, 55'000}));
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
}

TEST_F(WakeSchedulerTest, StopsWhenThePullLeftNothing) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  now = now + milliseconds(200);
  scheduler->pulled(device(1), false, now, now);
  EXPECT_TRUE(pings_within(hours(1)).empty());
  EXPECT_EQ(scheduler->devices(), 0U);
}

TEST_F(WakeSchedulerTest, AfterAPullWithoutAcksGoesOnWithTheSameBudget) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(pings_within(milliseconds(6'000)).size(), 2U);
  scheduler->pulled(device(1), true, now, now);
  EXPECT_EQ(pings_within(hours(1)), (std::vector<std::int64_t>{5'000, 10'000, 20'000}));
}

TEST_F(WakeSchedulerTest, KeepsThePingForWhatThePullMayNotHaveSeen) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  now = now + milliseconds(2'000);
  const auto asked = now;
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  now = now + milliseconds(10);
  scheduler->pulled(device(1), false, asked, now);
  EXPECT_EQ(due().size(), 1U);
}

TEST_F(WakeSchedulerTest, APullOfADeviceThatWasNotPingedChangesNothing) {
  scheduler->pulled(device(1), true, now, now);
  EXPECT_EQ(scheduler->devices(), 0U);
  EXPECT_EQ(scheduler->next_due(now), std::nullopt);
}

TEST_F(WakeSchedulerTest, StopsWhenTheDeviceIsGone) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  scheduler->gone(device(1), now);
  EXPECT_TRUE(pings_within(hours(1)).empty());
  scheduler->gone(device(2), now);
}

TEST_F(WakeSchedulerTest, StopsWhenAllMessagesThatWakeHaveExpired) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime, milliseconds(4'000)));
  EXPECT_TRUE(deliver(1, Priority::kRealTime, milliseconds(16'000)));
  EXPECT_TRUE(deliver(1, Priority::kPassive, hours(3)));
  EXPECT_EQ(pings_within(hours(1)), (std::vector<std::int64_t>{0, 5'000, 15'000}));
  EXPECT_EQ(scheduler->devices(), 0U);
}

TEST_F(WakeSchedulerTest, DoesNotPingForAMessageThatExpiresWhileItIsGathered) {
  EXPECT_TRUE(deliver(1, Priority::kGathered, milliseconds(60'000)));
  EXPECT_TRUE(pings_within(hours(1)).empty());
  EXPECT_TRUE(deliver(1, Priority::kRealTime, milliseconds(0)));
  EXPECT_EQ(scheduler->devices(), 0U);
}

TEST_F(WakeSchedulerTest, KeepsTheIntervalBetweenPingsOfOneDevice) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  now = now + milliseconds(999);
  EXPECT_TRUE(due().empty());
  now = now + milliseconds(1);
  EXPECT_EQ(due().size(), 1U);
}

TEST_F(WakeSchedulerTest, KeepsTheIntervalAcrossAPull) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  now = now + milliseconds(100);
  scheduler->pulled(device(1), false, now, now);
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_TRUE(due().empty());
  EXPECT_EQ(pings_within(milliseconds(1'000)), (std::vector<std::int64_t>{900}));
}

TEST_F(WakeSchedulerTest, PingsADeviceThatMovedAgainWithoutCharge) {
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_EQ(due().size(), 1U);
  scheduler->moved(device(1), at(77), now);
  const auto pings = scheduler->due(now);
  ASSERT_EQ(pings.size(), 1U);
  EXPECT_EQ(pings[0].wake, at(77));
  EXPECT_EQ(pings_within(hours(5)), (std::vector<std::int64_t>{5'000, 15'000, 35'000, 55'000}));
}

// Rates.

TEST_F(WakeSchedulerTest, BoundsThePingsInASecondAndLetsTheRestWaitInOrder) {
  limits.pings_per_s = 10;
  limits.ping_attempts = 1;
  rebuild();
  for (std::uint32_t n = 1; n <= 35; ++n) EXPECT_TRUE(deliver(n, Priority::kRealTime));
  std::vector<UserAgentId> order;
  std::vector<std::int64_t> times;
  for (auto next = scheduler->next_due(now); next; next = scheduler->next_due(now)) {
    now = std::max(now, *next);
    for (const auto& id : due()) {
      order.push_back(id);
      times.push_back((now - start) / milliseconds(1));
    }
  }
  ASSERT_EQ(order.size(), 35U);
  for (std::uint32_t n = 1; n <= 35; ++n) EXPECT_EQ(order[n - 1], device(n));
  EXPECT_EQ(times[9], 0);
  for (std::size_t i = 10; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 10], 1'000) << i;
  EXPECT_LE(times.back(), 3'600);
}

TEST_F(WakeSchedulerTest, BoundsThePingsToOneAddressWithoutHoldingUpOthers) {
  limits.pings_per_target_per_s = 2;
  limits.ping_attempts = 1;
  rebuild();
  const WakeInterface shared{"10.9.9.9", 5000};
  for (std::uint32_t n = 1; n <= 7; ++n) {
    EXPECT_TRUE(scheduler->deliver(device(n), shared, Priority::kRealTime, now + hours(1), now));
  }
  EXPECT_TRUE(deliver(8, Priority::kRealTime));
  EXPECT_EQ(due(), (std::vector{device(1), device(2), device(8)}));
  std::vector<std::pair<std::int64_t, UserAgentId>> later;
  for (auto next = scheduler->next_due(now); next; next = scheduler->next_due(now)) {
    now = std::max(now, *next);
    for (const auto& id : due()) later.emplace_back((now - start) / milliseconds(1), id);
  }
  ASSERT_EQ(later.size(), 5U);
  for (std::uint32_t n = 0; n < 5; ++n) EXPECT_EQ(later[n].second, device(n + 3));
  EXPECT_GE(later[0].first, 1'000);
  EXPECT_GE(later[2].first, 2'000);
  EXPECT_GE(later[4].first, 3'000);
  EXPECT_LE(later[4].first, 3'400);
  EXPECT_EQ(scheduler->devices(), 0U);
}

TEST_F(WakeSchedulerTest, AnIpv6NetworkIsOneTarget) {
  limits.pings_per_target_per_s = 2;
  rebuild();
  const auto deliver_at = [this](std::uint32_t n, const char* ip) {
    EXPECT_TRUE(scheduler->deliver(device(n), {ip, 5000}, Priority::kRealTime, now + hours(1), now));
  };
  deliver_at(1, "fd00:1:2:3::1");
  deliver_at(2, "fd00:1:2:3::2");
  deliver_at(3, "fd00:1:2:3:4::3");
  deliver_at(4, "fd00:1:2:4::1");
  EXPECT_EQ(due(), (std::vector{device(1), device(2), device(4)}));
  now = now + milliseconds(1'100);
  EXPECT_EQ(due(), (std::vector{device(3)}));

  limits.address_prefix_bits = 128;
  rebuild();
  deliver_at(1, "fd00:1:2:3::1");
  deliver_at(2, "fd00:1:2:3::2");
  deliver_at(3, "fd00:1:2:3:4::3");
  EXPECT_EQ(due().size(), 3U);
}

TEST_F(WakeSchedulerTest, ADeviceThatLeftTheWaitForItsAddressTakesNobodysTurn) {
  limits.pings_per_target_per_s = 1;
  rebuild();
  const WakeInterface shared{"10.9.9.9", 5000};
  for (std::uint32_t n = 1; n <= 4; ++n) {
    EXPECT_TRUE(scheduler->deliver(device(n), shared, Priority::kRealTime, now + hours(1), now));
  }
  EXPECT_EQ(due(), (std::vector{device(1)}));
  scheduler->gone(device(2), now);
  EXPECT_TRUE(scheduler->deliver(device(3), at(3), Priority::kRealTime, now + hours(1), now));
  now = now + milliseconds(1'100);
  EXPECT_EQ(due(), (std::vector{device(4), device(3)}));
}

TEST_F(WakeSchedulerTest, ForgetsAddressesAndDevicesThatAreDone) {
  limits.ping_attempts = 1;
  rebuild();
  for (std::uint32_t n = 1; n <= 100; ++n) EXPECT_TRUE(deliver(n, Priority::kRealTime));
  EXPECT_EQ(pings_within(milliseconds(10'000)).size(), 100U);
  EXPECT_EQ(scheduler->devices(), 0U);
  EXPECT_EQ(scheduler->next_due(now), std::nullopt);
}

TEST_F(WakeSchedulerTest, KnowsABoundedNumberOfDevices) {
  rebuild(2);
  EXPECT_TRUE(deliver(1, Priority::kRealTime));
  EXPECT_TRUE(deliver(2, Priority::kRealTime));
  EXPECT_FALSE(deliver(3, Priority::kRealTime));
  EXPECT_TRUE(deliver(2, Priority::kRealTime));
  scheduler->gone(device(1), now);
  EXPECT_TRUE(deliver(3, Priority::kRealTime));
}

TEST(RateWindow, HasRoomUpToTheMostInAnySecond) {
  RateWindow window(3);
  const MonoTime start{5'050'000'000};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(window.has_room(start));
    window.count(start);
  }
  EXPECT_FALSE(window.has_room(start));
  EXPECT_FALSE(window.has_room(start + milliseconds(1'000)));
  EXPECT_EQ(window.room_at(start), (MonoTime{6'100'000'000}));
  EXPECT_TRUE(window.has_room(window.room_at(start)));
}

TEST(RateWindow, GetsItsRoomBackPieceByPiece) {
  RateWindow window(2);
  const MonoTime start{5'000'000'000};
  window.count(start);
  window.count(start + milliseconds(500));
  EXPECT_EQ(window.room_at(start + milliseconds(500)), start + milliseconds(1'100));
  window.count(start + milliseconds(1'100));
  EXPECT_EQ(window.room_at(start + milliseconds(1'100)), start + milliseconds(1'600));
  EXPECT_FALSE(window.empty(start + milliseconds(2'100)));
  EXPECT_TRUE(window.empty(start + milliseconds(2'200)));
}

}  // namespace
}  // namespace herald::roles::user_agent_udp
