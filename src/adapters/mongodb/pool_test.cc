// How calls gather into batches. No database is needed: the lanes' work is the tests' own.
#include "adapters/mongodb/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "ports/contract/stepped_clock.h"
#include "ports/contract/waiting_executor.h"

namespace herald::adapters::mongodb {
namespace {

using NumberCall = Call<int, int>;

class PoolTest : public testing::Test {
 protected:
  // Answers each number with itself; refuses a batch with a negative one.
  Status work(Context& /*context*/, std::span<NumberCall> calls) {
    {
      const std::lock_guard lock(mutex_);
      batches_.push_back(calls.size());
      ++started_;
      changed_.notify_all();
    }
    gate_.wait();
    for (auto& call : calls) {
      if (batches_.size() >= refuse_from_batch_) return fail(ErrorKind::kUnavailable, "away");
      if (call.in < 0) return fail(refusal_, "refused");
      call.out = call.in;
    }
    return {};
  }
  void start() {
    connection_ = Connection::make({.uri = "mongodb://127.0.0.1:1/", .database = "herald"}, limits_).value();
    pool_.emplace(*connection_, limits_, stepped_, log_, metrics_);
  }
  void call(LaneOf<NumberCall>& lane, int number) {
    pool_->submit(lane, NumberCall{number, Reply<Result<int>>(executor_, [this](const Result<int>& answer) {
                                     answers_.push_back(answer ? *answer : -1);
                                     if (!answer) errors_.push_back(answer.error().kind);
                                   })});
  }
  void wait_until_started(std::size_t batches) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return started_ >= batches; }));
  }
  void open_gate_and_wait_for(std::size_t answers) {
    gate_.count_down();
    EXPECT_TRUE(executor_.run_until([&] { return answers_.size() == answers; }));
  }
  LaneOf<NumberCall> lane(const char* kind) {
    return {kind, 1, [this](Context& context, std::span<NumberCall> calls) { return work(context, calls); }};
  }

  Limits limits_;
  ports::contract::SteppedClock stepped_;
  NullLog log_;
  NullMetrics metrics_;
  ports::contract::WaitingExecutor executor_;
  std::latch gate_{1};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> batches_;
  std::size_t started_ = 0;
  ErrorKind refusal_ = ErrorKind::kInternal;
  std::size_t refuse_from_batch_ = SIZE_MAX;
  std::vector<int> answers_;
  std::vector<ErrorKind> errors_;
  LaneOf<NumberCall> first_ = lane("first");
  LaneOf<NumberCall> second_ = lane("second");
  LaneOf<NumberCall> third_ = lane("third");
  std::unique_ptr<Connection> connection_;
  std::optional<Pool> pool_;
};

TEST_F(PoolTest, WhatGathersDuringABatchSharesTheNextUpToMongodbBatchMax) {
  limits_.mongodb_batch_max = 3;
  start();
  call(first_, 0);
  wait_until_started(1);
  for (int i = 1; i <= 4; ++i) call(first_, i);
  open_gate_and_wait_for(5);
  EXPECT_EQ(batches_, (std::vector<std::size_t>{1, 3, 1}));
  EXPECT_EQ(answers_, (std::vector{0, 1, 2, 3, 4})) << "in the order of the calls";
}

TEST_F(PoolTest, MongodbConnectionsBatchesRunAtATimeAndNoFurtherOne) {
  limits_.mongodb_connections = 2;
  start();
  call(first_, 1);
  call(second_, 2);
  wait_until_started(2);
  call(third_, 3);
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(started_, 2);
  }
  open_gate_and_wait_for(3);
  EXPECT_EQ(started_, 3);
}

TEST_F(PoolTest, MongodbWaitingMaxCallsWaitAndTheNextFailsAtOnce) {
  limits_.mongodb_connections = 1;
  limits_.mongodb_waiting_max = 2;
  start();
  call(first_, 1);
  wait_until_started(1);
  call(first_, 2);
  call(second_, 3);
  executor_.run_ready();
  EXPECT_TRUE(answers_.empty());
  call(second_, 4);
  executor_.run_ready();
  EXPECT_EQ(errors_, std::vector{ErrorKind::kUnavailable});
  open_gate_and_wait_for(4);
  EXPECT_EQ(errors_.size(), 1);
}

TEST_F(PoolTest, OneRefusedCallDoesNotHarmTheOthersOfItsBatch) {
  limits_.mongodb_connections = 1;
  start();
  call(first_, 1);
  wait_until_started(1);
  for (const int number : {2, -1, 4}) call(first_, number);
  open_gate_and_wait_for(4);
  EXPECT_EQ(answers_, (std::vector{1, 2, -1, 4}));
  EXPECT_EQ(errors_, std::vector{ErrorKind::kInternal});
}

// Each would meet the same, after a wait or a login of its own.
TEST_F(PoolTest, AnErrorThatMeetsAllCallsIsMetOnce) {
  limits_.mongodb_connections = 1;
  refusal_ = ErrorKind::kUnauthorized;
  start();
  call(first_, 1);
  wait_until_started(1);
  for (const int number : {-1, 3, 4, 5}) call(first_, number);
  open_gate_and_wait_for(5);
  EXPECT_EQ(answers_, (std::vector{1, -1, -1, -1, -1}));
  EXPECT_EQ(errors_, (std::vector(4, ErrorKind::kUnavailable)));
  EXPECT_EQ(batches_, (std::vector<std::size_t>{1, 4}));
}

TEST_F(PoolTest, WhileTheCallToBlameIsSoughtAnUnavailableDatabaseEndsTheSearch) {
  limits_.mongodb_connections = 1;
  start();
  call(first_, 1);
  wait_until_started(1);
  refuse_from_batch_ = 4;  // after the first call alone, all four, and their first half
  for (const int number : {2, 3, -1, 5}) call(first_, number);
  open_gate_and_wait_for(5);
  EXPECT_EQ(answers_, (std::vector{1, 2, 3, -1, -1}));
  EXPECT_EQ(errors_, (std::vector(2, ErrorKind::kUnavailable)));
  EXPECT_EQ(batches_, (std::vector<std::size_t>{1, 4, 2, 2}));
}

TEST_F(PoolTest, TheCallsToBlameAreFoundByHalves) {
  limits_.mongodb_connections = 1;
  start();
  call(first_, 0);
  wait_until_started(1);
  for (int number = 1; number <= 64; ++number) call(first_, number == 50 ? -1 : number);
  open_gate_and_wait_for(65);
  EXPECT_EQ(errors_, std::vector{ErrorKind::kInternal});
  EXPECT_EQ(batches_.size(), 1U + 13U) << "two for each of six halvings, and the first";
}

TEST_F(PoolTest, ARefusalThatMustBeTheDatabasesStateIsUnavailable) {
  LaneOf<NumberCall> puts{"puts", 1,
                          [this](Context& context, std::span<NumberCall> calls) { return work(context, calls); },
                          Refusals::kTemporary};
  gate_.count_down();
  start();
  for (const auto kind : {ErrorKind::kInternal, ErrorKind::kConflict, ErrorKind::kTooLarge}) {
    refusal_ = kind;
    const std::size_t before = errors_.size();
    call(puts, -1);
    EXPECT_TRUE(executor_.run_until([&] { return errors_.size() == before + 1; }));
  }
  EXPECT_EQ(errors_, (std::vector{ErrorKind::kUnavailable, ErrorKind::kUnavailable, ErrorKind::kTooLarge}));
  pool_.reset();
}

TEST_F(PoolTest, WhatWaitsIsAnsweredBeforeThePoolGoes) {
  start();
  call(first_, 1);
  wait_until_started(1);
  call(first_, 2);
  gate_.count_down();
  pool_.reset();
  executor_.run_ready();
  EXPECT_EQ(answers_, (std::vector{1, 2}));
}

TEST_F(PoolTest, ACallThatHasWaitedMongodbTimeoutMsFailsWithoutBeingSent) {
  limits_.mongodb_connections = 1;
  limits_.mongodb_timeout_ms = 60'000;
  start();
  call(first_, 1);
  wait_until_started(1);
  call(first_, 2);
  stepped_.step(std::chrono::milliseconds(60'000));
  call(first_, 3);
  stepped_.step(std::chrono::milliseconds(1));
  open_gate_and_wait_for(3);
  EXPECT_EQ(errors_, std::vector{ErrorKind::kUnavailable});
  EXPECT_EQ(batches_, (std::vector<std::size_t>{1, 1}));
}

TEST_F(PoolTest, ADatabaseThatIsAwayIsAskedOnce) {
  limits_.mongodb_timeout_ms = 100;
  start();
  std::atomic<int> asked = 0;
  LaneOf<NumberCall> reads{"reads", 1, [&asked](Context& context, std::span<NumberCall> /*calls*/) -> Status {
                             ++asked;
                             return std::unexpected(context.database.count("messages", Document()).error());
                           }};
  for (std::size_t i = 1; i <= 3; ++i) {
    call(reads, 1);
    EXPECT_TRUE(executor_.run_until([&] { return answers_.size() == i; }));
  }
  EXPECT_EQ(errors_, (std::vector(3, ErrorKind::kUnavailable)));
  EXPECT_EQ(asked, 3);
  pool_.reset();
}

TEST_F(PoolTest, AfterMongodbTimeoutMsNoFurtherCommandOfABatchIsSent) {
  start();
  ManualClock clock;
  StoreMetrics counters(metrics_);
  const auto client = connection_->client();
  Session session(*client, connection_->database(), clock, counters);
  session.begin(clock.mono() + std::chrono::milliseconds(limits_.mongodb_timeout_ms));
  clock.advance(std::chrono::milliseconds(limits_.mongodb_timeout_ms));
  const auto late = session.count("messages", Document());
  EXPECT_EQ(late.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(late.error().message, "the database took too long");
  EXPECT_TRUE(session.update("messages", {})) << "nothing to send is no command";
}

}  // namespace
}  // namespace herald::adapters::mongodb
