// What happens when brokers die, fill up, or come back.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "adapters/amqp/amqp_queue.h"
#include "adapters/amqp/broker_under_test.h"
#include "base/metrics.h"
#include "ports/contract/queue_contract_fixture.h"
#include "ports/contract/stepped_clock.h"

namespace herald::adapters {
namespace {

using ports::contract::Bodies;
using ports::contract::numbered;
using ports::contract::Recorder;
using ports::contract::WaitingExecutor;
using testing::BrokerUnderTest;
using testing::FullQueue;

class OutageTest : public ::testing::Test {
 protected:
  OutageTest() {
    config_.brokers = {broker_.url()};
    config_.name = "outage";
    config_.limits.broker_retry_first_ms = 10;
    config_.limits.broker_retry_most_ms = 100;
    config_.limits.queue_patience_ms = 600'000;
    config_.limits.queue_message_ttl_ms = 600'000;
  }

  // Leaves the first broker running for the next test.
  ~OutageTest() override {
    if (killed_) broker_.start();
  }

  // A process that uses the queues.
  std::unique_ptr<AmqpQueue> make() { return std::make_unique<AmqpQueue>(config_, clock_, random_, log_, metrics_); }

  std::unique_ptr<AmqpQueue> make_connected() {
    auto queue = make();
    EXPECT_TRUE(wait_for(*queue, true));
    return queue;
  }

  [[nodiscard]] bool wait_for(const AmqpQueue& queue, bool connected) {
    return executor_.run_until([&] { return queue.depths().at(0).connected == connected; });
  }

  void kill() {
    broker_.kill();
    killed_ = true;
  }
  void start() {
    broker_.start();
    killed_ = false;
  }

  // Publishes each body by itself; what became of it lands in accepted_ and refused_.
  void publish(AmqpQueue& queue, const std::string& name, const Bodies& bodies) {
    for (const auto& body : bodies) {
      queue.publish(name, {body}, Reply<Status>(executor_, [this, body](Status status) {
                      if (status) {
                        accepted_.insert(body);
                      } else {
                        refused_[std::string(to_string(status.error().kind))].insert(body);
                      }
                    }));
    }
  }
  [[nodiscard]] std::size_t answered() const {
    std::size_t count = accepted_.size();
    for (const auto& [kind, bodies] : refused_) count += bodies.size();
    return count;
  }
  [[nodiscard]] bool all_answered(std::size_t count) {
    return executor_.run_until([&] { return answered() >= count; });
  }

  std::unique_ptr<ports::Subscription> subscribe(AmqpQueue& queue, const std::string& name, std::size_t credit,
                                                 Recorder& recorder) {
    return queue.subscribe(name, credit, executor_, recorder.consumer());
  }
  [[nodiscard]] bool arrives(const Recorder& recorder, std::size_t count) {
    return executor_.run_until([&] { return recorder.bodies.size() >= count; });
  }

  ports::contract::SteppedClock clock_;
  SystemRandom random_;
  NullLog log_;
  NullMetrics metrics_;
  WaitingExecutor executor_;
  BrokerUnderTest broker_;
  AmqpConfig config_;
  std::set<std::string> accepted_;
  std::map<std::string, std::set<std::string>> refused_;
  bool killed_ = false;
};

TEST_F(OutageTest, StartsWithoutABrokerAndFindsItWhenItComes) {
  kill();
  const auto queue = make();
  Recorder recorder;
  const auto subscription = subscribe(*queue, "o1", 10, recorder);
  publish(*queue, "o1", {"early"});
  EXPECT_TRUE(wait_for(*queue, false));
  start();
  EXPECT_TRUE(arrives(recorder, 1));
  EXPECT_TRUE(all_answered(1));
  EXPECT_EQ(accepted_.size(), 1U);
}

// Runs a task on the broker's thread, between the broker's answer and the opening of the links.
class OnConnected final : public Log {
 public:
  explicit OnConnected(std::function<void()> task) : task_(std::move(task)) {}
  [[nodiscard]] bool enabled(LogLevel /*level*/) const override { return true; }
  void write(LogLevel /*level*/, std::string_view event, std::initializer_list<LogField> /*fields*/) override {
    if (event == "broker connected") task_();
  }

 private:
  std::function<void()> task_;
};

TEST_F(OutageTest, ASubscriptionMadeWhileTheConnectionOpensHasOneLink) {
  kill();
  Recorder recorder;
  std::unique_ptr<ports::Subscription> subscription;
  std::unique_ptr<AmqpQueue> queue;
  OnConnected log([&] { subscription = subscribe(*queue, "o1b", 3, recorder); });
  queue = std::make_unique<AmqpQueue>(config_, clock_, random_, log, metrics_);
  start();
  EXPECT_TRUE(wait_for(*queue, true));
  publish(*queue, "o1b", numbered("b", 0, 10));
  EXPECT_TRUE(arrives(recorder, 3));
  EXPECT_TRUE(all_answered(10));
  EXPECT_EQ(broker_.queues().at("o1b").consumers, 1);
  subscription.reset();
  queue.reset();
}

TEST_F(OutageTest, WhatWasPublishedWhileTheBrokerWasAwayArrivesInOrder) {
  const auto queue = make_connected();
  Recorder recorder;
  const auto subscription = subscribe(*queue, "o2", 10, recorder);
  kill();
  publish(*queue, "o2", numbered("b", 0, 50));
  EXPECT_TRUE(wait_for(*queue, false));
  publish(*queue, "o2", numbered("b", 50, 50));
  EXPECT_EQ(queue->losses(), 0U);
  start();
  ASSERT_TRUE(arrives(recorder, 100));
  EXPECT_EQ(queue->losses(), 1U);
  EXPECT_EQ(recorder.bodies, numbered("b", 0, 100));
  EXPECT_TRUE(all_answered(100));
  EXPECT_EQ(accepted_.size(), 100U);
}

// Non-durable: a broker that is killed takes along what it had accepted and nobody had settled. Everything else
// arrives, some of it twice.
TEST_F(OutageTest, AKilledBrokerLosesOnlyWhatItHadAccepted) {
  const auto queue = make_connected();
  Recorder recorder;
  const auto subscription = subscribe(*queue, "o3", 100, recorder);
  constexpr std::size_t kEach = 3'000;
  publish(*queue, "o3", numbered("a", 0, kEach));
  ASSERT_TRUE(all_answered(kEach / 10));
  publish(*queue, "o3", numbered("b", 0, kEach));
  kill();
  EXPECT_TRUE(wait_for(*queue, false));
  executor_.run_ready();
  const auto before = accepted_;
  publish(*queue, "o3", numbered("c", 0, kEach));
  start();
  ASSERT_TRUE(all_answered(3 * kEach));
  EXPECT_EQ(accepted_.size(), 3 * kEach);
  std::set<std::string> arrived;
  std::size_t looked_at = 0;
  ASSERT_TRUE(executor_.run_until([&] {
    while (looked_at < recorder.bodies.size()) arrived.insert(recorder.bodies[looked_at++]);
    return arrived.size() + before.size() >= accepted_.size() && std::ranges::all_of(accepted_, [&](const auto& body) {
             return arrived.contains(body) || before.contains(body);
           });
  }));
}

TEST_F(OutageTest, PatienceEndsInUnavailableAndThenComesAtOnce) {
  const auto queue = make_connected();
  kill();
  ASSERT_TRUE(wait_for(*queue, false));
  publish(*queue, "o4", {"patient"});
  executor_.run_ready();
  EXPECT_EQ(answered(), 0U);
  clock_.step(std::chrono::milliseconds(config_.limits.queue_patience_ms));
  ASSERT_TRUE(all_answered(1));
  publish(*queue, "o4", {"late"});
  EXPECT_EQ(executor_.run_ready(), 1U);
  EXPECT_EQ(refused_["unavailable"], (std::set<std::string>{"late", "patient"}));
  EXPECT_EQ(queue->depths().at(0).waiting, 0U);
  start();
  ASSERT_TRUE(wait_for(*queue, true));
  publish(*queue, "o4", {"again"});
  ASSERT_TRUE(all_answered(3));
  EXPECT_EQ(accepted_.size(), 1U);
}

TEST_F(OutageTest, BoundsWhatWaitsForABroker) {
  config_.limits.queue_max_messages = 16;
  config_.limits.queue_unaccepted_max_bytes = 65'536;
  const auto queue = make_connected();
  kill();
  ASSERT_TRUE(wait_for(*queue, false));
  publish(*queue, "o5", numbered("b", 0, 16));
  publish(*queue, "o5", {"one too many"});
  executor_.run_ready();
  EXPECT_EQ(refused_["exhausted"], std::set<std::string>{"one too many"});
  const Bodies big{std::string(65'536 - 2 * 10 - 3 * 6, 'x')};
  publish(*queue, "o5-other", big);
  executor_.run_ready();
  EXPECT_EQ(answered(), 1U);
  publish(*queue, "o5-other", {"y"});
  executor_.run_ready();
  EXPECT_EQ(refused_["exhausted"].size(), 2U);
  start();
  ASSERT_TRUE(all_answered(19));
  EXPECT_EQ(accepted_.size(), 17U);
}

TEST_F(OutageTest, GoesToTheNextBrokerAndKeepsToTheirOrder) {
  BrokerUnderTest second(1);
  config_.brokers = {broker_.url(), second.url()};
  const auto queue = make_connected();
  Recorder recorder;
  const auto subscription = subscribe(*queue, "o6", 10, recorder);
  second.start();
  publish(*queue, "o6", {"first"});
  ASSERT_TRUE(arrives(recorder, 1));
  EXPECT_FALSE(second.queues().contains("o6"));
  kill();
  publish(*queue, "o6", {"second"});
  ASSERT_TRUE(arrives(recorder, 2));
  EXPECT_TRUE(second.queues().contains("o6"));
  start();
  second.kill();
  publish(*queue, "o6", {"third"});
  ASSERT_TRUE(arrives(recorder, 3));
  EXPECT_TRUE(broker_.queues().contains("o6"));
}

// Listens and never says a word.
class SilentListener {
 public:
  SilentListener() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(socket_, 10), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
  }
  ~SilentListener() { ::close(socket_); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  [[nodiscard]] BrokerUrl url() const { return {.host = "127.0.0.1", .port = port_, .tls = false}; }

 private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::uint16_t port_ = 0;
};

TEST_F(OutageTest, ABrokerThatDoesNotAnswerInTimeIsPassedOver) {
  const SilentListener silent;
  config_.brokers = {silent.url(), broker_.url()};
  config_.limits.broker_connect_timeout_ms = 1'500;
  const auto began = clock_.mono();
  const auto queue = make_connected();
  EXPECT_GE(clock_.mono() - began, std::chrono::milliseconds(config_.limits.broker_connect_timeout_ms));
}

TEST_F(OutageTest, ABrokerThatFallsSilentCountsAsGone) {
  config_.limits.broker_silence_ms = 1'000;
  const auto queue = make_connected();
  broker_.freeze();
  EXPECT_TRUE(wait_for(*queue, false));
  publish(*queue, "o10", {"later"});
  broker_.thaw();
  ASSERT_TRUE(wait_for(*queue, true));
  ASSERT_TRUE(all_answered(1));
  EXPECT_EQ(accepted_.size(), 1U);
}

TEST_F(OutageTest, WhatADeadProcessHadNotSettledGoesToAnother) {
  auto dead = make_connected();
  Recorder held;
  held.holding = true;
  auto first = subscribe(*dead, "o7", 3, held);
  const auto queue = make_connected();
  publish(*queue, "o7", numbered("b", 0, 5));
  ASSERT_TRUE(arrives(held, 3));
  dead.reset();
  // Until the broker has it back, what is behind it would go first.
  ASSERT_TRUE(broker_.queues_reach([](const auto& queues) { return queues.at("o7").consumers == 0; }));
  held.held.clear();
  Recorder recorder;
  const auto second = subscribe(*queue, "o7", 10, recorder);
  ASSERT_TRUE(arrives(recorder, 5));
  EXPECT_EQ(recorder.bodies, numbered("b", 0, 5));
}

TEST_F(OutageTest, BatchesOfALostConnectionStillCountAgainstTheCredit) {
  const auto queue = make_connected();
  Recorder recorder;
  recorder.holding = true;
  const auto subscription = subscribe(*queue, "o8", 3, recorder);
  publish(*queue, "o8", numbered("a", 0, 5));
  ASSERT_TRUE(all_answered(5));
  ASSERT_TRUE(arrives(recorder, 3));
  kill();
  ASSERT_TRUE(wait_for(*queue, false));
  start();
  ASSERT_TRUE(wait_for(*queue, true));
  publish(*queue, "o8", numbered("b", 0, 5));
  ASSERT_TRUE(all_answered(10));
  EXPECT_EQ(recorder.bodies.size(), 3U);
  recorder.held.clear();
  ASSERT_TRUE(arrives(recorder, 6));
  EXPECT_EQ(recorder.unsettled(), 3U);
  EXPECT_EQ(Bodies(recorder.bodies.begin() + 3, recorder.bodies.end()), numbered("b", 0, 3));
}

// As of a server that went away.
TEST_F(OutageTest, AnUnreadQueueHoldsUpNoOther) {
  const auto queue = make_connected();
  Recorder recorder;
  const auto subscription = subscribe(*queue, "o9-read", 10, recorder);
  constexpr std::size_t kEach = 400;
  Bodies sent;
  for (std::size_t i = 0; i < kEach; ++i) {
    sent.push_back(std::to_string(i) + std::string(30'000, 'x'));
    publish(*queue, "o9-unread", {sent.back()});
    publish(*queue, "o9-read", numbered("b", i, 1));
  }
  ASSERT_TRUE(arrives(recorder, kEach));
  ASSERT_TRUE(all_answered(2 * kEach));
  EXPECT_EQ(recorder.bodies, numbered("b", 0, kEach));
  const auto full = BrokerUnderTest::full_queue();
  EXPECT_EQ(refused_["exhausted"].empty(), full != FullQueue::kRefuses);
  // Leaves nothing to the tests that follow.
  Recorder rest;
  const auto reader = subscribe(*queue, "o9-unread", 10, rest);
  if (full != FullQueue::kDropsTheOldest) {
    EXPECT_TRUE(arrives(rest, accepted_.size() - kEach));
    return;
  }
  ASSERT_TRUE(executor_.run_until([&] { return !rest.bodies.empty() && rest.bodies.back() == sent.back(); }));
  EXPECT_LT(rest.bodies.size(), kEach);
  EXPECT_EQ(rest.bodies, Bodies(sent.end() - static_cast<std::ptrdiff_t>(rest.bodies.size()), sent.end()));
}

TEST_F(OutageTest, AnUnreadQueueDisappears) {
  config_.limits.queue_message_ttl_ms = 2'000;
  config_.limits.broker_sender_idle_ms = 1'000;
  const auto queue = make_connected();
  Recorder recorder;
  const auto subscription = subscribe(*queue, "o11-read", 10, recorder);
  publish(*queue, "o11-gone", numbered("b", 0, 10));
  ASSERT_TRUE(all_answered(10));
  EXPECT_EQ(accepted_.size(), 10U);
  EXPECT_TRUE(broker_.queues_reach([](const auto& queues) { return !queues.contains("o11-gone"); }));
  EXPECT_TRUE(broker_.queues().contains("o11-read"));
}

}  // namespace
}  // namespace herald::adapters
