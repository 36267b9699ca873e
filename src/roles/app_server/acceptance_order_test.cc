#include "roles/app_server/acceptance_order.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/random.h"
#include "roles/app_server/test_world.h"

namespace herald::roles::app_server {
namespace {

TEST(AcceptanceOrder, HandsOverInTheOrderOfTheIdsWhateverThreadPuts) {
  const SystemClock clock;
  SystemRandom random;
  MessageIdSource ids(clock, random);
  TestWorld store;
  AcceptanceOrder order(store, ids);
  const auto put_many = [&order] {
    for (int i = 0; i < 1'000; ++i) {
      order.put({}, [](const Message&) { return Reply<Result<ports::PutOutcome>>(); });
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(put_many);
  threads.clear();
  ASSERT_EQ(store.puts.size(), 4'000U);
  for (std::size_t i = 1; i < store.puts.size(); ++i) {
    ASSERT_LT(store.puts[i - 1].message.id, store.puts[i].message.id);
  }
}

}  // namespace
}  // namespace herald::roles::app_server
