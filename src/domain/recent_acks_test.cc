#include "domain/recent_acks.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "base/limits.h"

namespace herald {
namespace {

UserAgentId device(std::uint8_t n) {
  UserAgentId id;
  id.bytes[15] = n;
  return id;
}

MessageId message(std::uint32_t n) {
  MessageId id;
  std::memcpy(id.bytes.data() + 8, &n, sizeof(n));
  return id;
}

std::size_t remembered(const RecentAcks& acks, std::uint32_t messages) {
  std::size_t count = 0;
  for (std::uint32_t n = 1; n <= messages; ++n) count += acks.contains(device(1), message(n)) ? 1U : 0U;
  return count;
}

TEST(RecentAcks, KnowsWhichDeviceAckedWhat) {
  RecentAcks acks(16);
  acks.add(device(1), message(1));
  EXPECT_TRUE(acks.contains(device(1), message(1)));
  EXPECT_FALSE(acks.contains(device(1), message(2)));
  EXPECT_FALSE(acks.contains(device(2), message(1)));
}

TEST(RecentAcks, ForgetsTheOldestPastTheLimit) {
  for (const std::uint32_t limit : {1U, 2U, 16U}) {
    RecentAcks acks(limit);
    for (std::uint32_t n = 1; n <= limit; ++n) acks.add(device(1), message(n));
    EXPECT_EQ(remembered(acks, limit), limit);
    acks.add(device(1), message(limit + 1));
    EXPECT_FALSE(acks.contains(device(1), message(1)));
    EXPECT_EQ(remembered(acks, limit + 1), limit);
    acks.add(device(1), message(limit + 2));
    EXPECT_FALSE(acks.contains(device(1), message(2)));
    EXPECT_EQ(remembered(acks, limit + 2), limit);
  }
}

TEST(RecentAcks, TheSameAckTwiceTakesOnePlace) {
  RecentAcks acks(2);
  acks.add(device(1), message(1));
  acks.add(device(1), message(1));
  acks.add(device(1), message(2));
  EXPECT_EQ(remembered(acks, 2), 2U);
}

TEST(RecentAcks, NeverHoldsMoreThanItsLimitAndSpreadsOverIt) {
  RecentAcks acks(1'000);
  for (std::uint32_t n = 1; n <= 100'000; ++n) acks.add(device(1), message(n));
  EXPECT_LE(remembered(acks, 100'000), 1'000U);
  EXPECT_GE(remembered(acks, 100'000), 900U);
}

// What one pull may ack is remembered whole at the default limit.
TEST(RecentAcks, HoldsTheAcksOfWholePullsByDefault) {
  const Limits limits;
  RecentAcks acks(limits.recent_acks_max);
  const auto acked = static_cast<std::uint32_t>(2 * limits.acks_per_pull);
  for (std::uint32_t n = 1; n <= acked; ++n) acks.add(device(1), message(n));
  EXPECT_EQ(remembered(acks, acked), acked);
}

TEST(RecentAcks, RemembersNothingWithALimitOfNone) {
  RecentAcks acks(0);
  acks.add(device(1), message(1));
  EXPECT_FALSE(acks.contains(device(1), message(1)));
  acks.forget_all();
}

TEST(RecentAcks, ForgetsAllWhenAcksMayBeLost) {
  RecentAcks acks(100);
  for (std::uint32_t n = 1; n <= 50; ++n) acks.add(device(1), message(n));
  acks.forget_all();
  EXPECT_EQ(remembered(acks, 50), 0U);
  acks.add(device(1), message(1));
  EXPECT_TRUE(acks.contains(device(1), message(1)));
}

TEST(RecentAcks, TakesAcksOfSeveralThreads) {
  RecentAcks acks(16'384);
  std::vector<std::thread> threads;
  for (std::uint8_t n = 1; n <= 4; ++n) {
    threads.emplace_back([&acks, n] {
      for (std::uint32_t m = 1; m <= 500; ++m) {
        acks.add(device(n), message(m));
        EXPECT_TRUE(acks.contains(device(n), message(m)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(remembered(acks, 500), 500U);
}

}  // namespace
}  // namespace herald
