// Calls whose connection breaks at their first command, their second, and so on, as connections do that a database
// leaves behind when it is started again: they are answered all the same. One that breaks once more is given up.
#include <gmock/gmock.h>

#include "adapters/mongodb/faulty_wire.h"
#include "adapters/mongodb/store_test_kit.h"

namespace herald::adapters::mongodb {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;
using enum DeliveryState;

constexpr int kStepsMax = 60;

// Counts the batches that were run once more.
class RepeatCounter final : public Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view help, MetricLabels labels) override {
    Counter& made = others_.counter(name, help, std::move(labels));
    if (name == "herald_mongodb_batches_repeated_total") repeated_.push_back(&made);
    return made;
  }
  Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels) override {
    return others_.gauge(name, help, std::move(labels));
  }
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       MetricLabels labels) override {
    return others_.histogram(name, help, std::move(bounds), std::move(labels));
  }
  [[nodiscard]] std::uint64_t repeated() const {
    std::uint64_t sum = 0;
    for (const Counter* counter : repeated_) sum += counter->value();
    return sum;
  }

 private:
  NullMetrics others_;
  std::vector<const Counter*> repeated_;
};

class BrokenConnectionTest : public testing::Test {
 protected:
  // Makes the call with 1, 2, … while a connection breaks at its first command, its second, until it has no more. Then
  // `check` is called with the same number.
  void at_every_command(const std::function<void(std::uint64_t)>& call, const std::function<void(std::uint64_t)>& check,
                        bool answered = true) {
    for (std::uint64_t step = 1; step < kStepsMax; ++step) {
      SCOPED_TRACE(step);
      wire_.break_at(static_cast<int>(step), answered);
      call(step);
      const bool broke = wire_.mend();
      check(step);
      if (!broke) return;
    }
    ADD_FAILURE() << "commands without end";
  }
  [[nodiscard]] Message message(std::uint64_t n, std::string key = "") const {
    return message_at(clock_.wall(), n, std::move(key));
  }
  [[nodiscard]] DeliveryState state(const Message& it) {
    return call_.status(app_id(1), it.id.hex(), clock_.wall())->state;
  }
  [[nodiscard]] std::size_t pending() { return call_.pending(device(1), {}, 100, clock_.wall()).messages.size(); }

  static Limits one_connection() {
    Limits limits;
    limits.mongodb_connections = 1;
    limits.mongodb_timeout_ms = 60'000;
    return limits;
  }

  const ManualClock clock_;
  const Limits limits_ = one_connection();
  RepeatCounter metrics_;
  const FirstServer there_;
  FaultyWire wire_{there_.host(), there_.port()};
  MongodbUnderTest store_{limits_, clock_, metrics_, FirstServer::replaced_by(wire_.address())};
  Caller call_{store_};
};

TEST_F(BrokenConnectionTest, AMessageIsStoredAndReplacesTheOneBefore) {
  std::uint64_t first = 0;
  for (const bool answered : {false, true}) {
    const auto numbered = [&](std::uint64_t n) { return message(first + n, "k"); };
    ASSERT_TRUE(call_.put(numbered(0)));
    const auto put = [&](std::uint64_t n) {
      const auto stored = call_.put(numbered(n));
      EXPECT_TRUE(stored) << (stored ? "" : stored.error().message);
    };
    const auto check = [&](std::uint64_t n) {
      EXPECT_EQ(state(numbered(n - 1)), kReplaced);
      EXPECT_EQ(state(numbered(n)), kPending);
    };
    at_every_command(put, check, answered);
    first += kStepsMax;
  }
  EXPECT_GE(metrics_.repeated(), 2U) << "an insert at least, each time";
}

TEST_F(BrokenConnectionTest, AMessageIsRoutedAndAcked) {
  for (std::uint64_t n = 1; n < 10; ++n) ASSERT_TRUE(call_.put(message(n)));
  const auto route = [&](std::uint64_t n) {
    call_.add({{.message = message(n).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
  };
  at_every_command(route, [&](std::uint64_t n) { EXPECT_EQ(pending(), n); });
  const auto routed = pending();
  const auto ack = [&](std::uint64_t n) {
    call_.record({{message(n).id, device(1), kAcked, clock_.wall(), clock_.wall()}});
  };
  at_every_command(ack, [&](std::uint64_t n) {
    EXPECT_EQ(pending(), routed - n);
    EXPECT_EQ(state(message(n)), kAcked);
  });
}

TEST_F(BrokenConnectionTest, ADeviceIsRegisteredAndFound) {
  at_every_command([&](std::uint64_t n) { EXPECT_TRUE(call_.register_app(kApp, device(n))); },
                   [&](std::uint64_t n) { EXPECT_EQ(call_.nodes_of(app_id(1), {}, 100).user_agents.size(), n); });
  const auto connect = [&](std::uint64_t n) {
    call_.set_location(device(1), {.kind = LocationKind::kWebSocket, .server = "WS1", .connection = n});
  };
  at_every_command(connect,
                   [&](std::uint64_t n) { EXPECT_EQ(call_.locate({device(1)}).at(0).location.connection, n); });
}

TEST_F(BrokenConnectionTest, OneThatBreaksOnceMoreIsGivenUp) {
  ASSERT_TRUE(call_.put(message(1)));
  const auto before = wire_.commands();
  wire_.break_always();
  EXPECT_EQ(call_.put(message(2)).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(wire_.commands(), before + 2);
  EXPECT_EQ(call_.put(message(2)).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(wire_.commands(), before + 3) << "nothing has worked since";
  wire_.mend();
  EXPECT_TRUE(call_.put(message(2)));
  EXPECT_EQ(metrics_.repeated(), 1U);
}

}  // namespace
}  // namespace herald::adapters::mongodb
