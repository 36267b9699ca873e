// Calls by one thread are applied in the order made, answered or not.

#include <thread>

#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::await;
using ports::contract::device;
using ports::contract::WaitingExecutor;

class WriteOrder : public testing::Test {
 protected:
  // Sets the location `connection` and, without waiting, asks for it `times` times over.
  void ask_after_unanswered_writes(std::uint64_t n, int times) {
    WaitingExecutor executor;
    int answers = 0;
    for (int i = 1; i <= times; ++i) {
      const auto connection = static_cast<std::uint64_t>(i);
      store_.directory().set_location(device(n),
                                      {.kind = LocationKind::kWebSocket, .server = "WS1", .connection = connection}, {},
                                      Reply<Result<Location>>(executor, [&](auto) { ++answers; }));
      store_.directory().locate({device(n)}, Reply<Result<std::vector<Node>>>(executor, [&, connection](auto nodes) {
                                  ++answers;
                                  EXPECT_GE(nodes.value().at(0).location.connection, connection);
                                }));
    }
    EXPECT_TRUE(executor.run_until([&] { return answers == 2 * times; }));
  }

  Limits limits_;
  ManualClock clock_;
  OpenStore store_{std::make_shared<TemporaryFolder>(), limits_, clock_};
};

TEST_F(WriteOrder, AReadSeesTheUnansweredWritesBeforeIt) {
  ask_after_unanswered_writes(1, 300);
}

TEST_F(WriteOrder, ManyThreadsEachSeeTheirOwn) {
  std::vector<std::thread> threads;
  for (std::uint64_t n = 1; n <= 4; ++n) threads.emplace_back([this, n] { ask_after_unanswered_writes(n, 200); });
  for (auto& thread : threads) thread.join();
}

TEST_F(WriteOrder, WritesOfOneThreadAreAppliedInOrder) {
  WaitingExecutor executor;
  std::uint64_t expected = 0;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    store_.directory().set_location(device(1), {.kind = LocationKind::kWebSocket, .server = "WS1", .connection = i}, {},
                                    Reply<Result<Location>>(executor, [&expected](auto before) {
                                      EXPECT_EQ(before.value().connection, expected++);
                                    }));
  }
  EXPECT_TRUE(executor.run_until([&] { return expected == 500; }));
}

}  // namespace
}  // namespace herald::adapters
