#include "base/inbox.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <thread>

namespace herald {
namespace {

TEST(Inbox, TakesEverythingOldestFirst) {
  Inbox<int> inbox;
  EXPECT_TRUE(inbox.empty());
  for (int i = 0; i < 5; ++i) inbox.push(i);
  EXPECT_FALSE(inbox.empty());
  EXPECT_EQ(inbox.take_all(), (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(inbox.empty());
  EXPECT_TRUE(inbox.take_all().empty());
}

TEST(Inbox, OnlyTheFirstPushAsksForAWake) {
  Inbox<int> inbox;
  EXPECT_TRUE(inbox.push(1));
  EXPECT_FALSE(inbox.push(2));
  EXPECT_FALSE(inbox.push(3));
  (void)inbox.take_all();
  EXPECT_TRUE(inbox.push(4));
}

TEST(Inbox, HoldsMoveOnlyValuesAndDestroysWhatIsLeft) {
  const auto watched = std::make_shared<int>(7);
  {
    Inbox<std::unique_ptr<std::shared_ptr<int>>> inbox;
    inbox.push(std::make_unique<std::shared_ptr<int>>(watched));
    inbox.push(std::make_unique<std::shared_ptr<int>>(watched));
    EXPECT_EQ(watched.use_count(), 3);
  }
  EXPECT_EQ(watched.use_count(), 1);
}

struct Numbered {
  int producer = 0;
  int number = 0;
};

// Each producer pushes 0, 1, 2 …; counts how often it was told to wake the consumer.
std::vector<std::thread> start_producers(Inbox<Numbered>& inbox, int producers, int each, std::atomic<int>& wakes) {
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p) {
    threads.emplace_back([&inbox, &wakes, p, each] {
      for (int n = 0; n < each; ++n) wakes += inbox.push({p, n}) ? 1 : 0;
    });
  }
  return threads;
}

TEST(Inbox, KeepsTheOrderOfEachProducerAndLosesNothing) {
  constexpr int kProducers = 4;
  constexpr int kEach = 5'000;
  Inbox<Numbered> inbox;
  std::atomic<int> wakes = 0;
  auto threads = start_producers(inbox, kProducers, kEach, wakes);
  std::map<int, int> next;
  int takes_with_content = 0;
  for (int taken = 0; taken < kProducers * kEach;) {
    const auto batch = inbox.take_all();
    takes_with_content += batch.empty() ? 0 : 1;
    for (const auto& item : batch) ASSERT_EQ(item.number, next[item.producer]++);
    taken += static_cast<int>(batch.size());
    if (batch.empty()) std::this_thread::yield();
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(inbox.empty());
  // Exactly one producer is asked for each time that the inbox goes from empty to filled.
  EXPECT_EQ(wakes, takes_with_content);
}

}  // namespace
}  // namespace herald
