// Every call that changes something, with a database that goes away before its first command, its second, and so on:
// what failed must not be answered as done, and must come to the same end when it is repeated.
#include <gmock/gmock.h>

#include "adapters/mongodb/delivery_calls.h"
#include "adapters/mongodb/directory_calls.h"
#include "adapters/mongodb/message_calls.h"
#include "adapters/mongodb/store_test_kit.h"
#include "ports/contract/store_fixture.h"

namespace herald::adapters::mongodb {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;
using enum DeliveryState;

constexpr int kStepsMax = 50;

// Its time is how often it was asked: a session asks before each command.
class CountingClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return ManualClock().wall(); }
  [[nodiscard]] MonoTime mono() const override { return {asked_++}; }

 private:
  mutable std::int64_t asked_ = 0;
};

class FailingStepTest : public testing::Test {
 protected:
  // Runs the calls that `made` makes with one command allowed, then two, … until they succeed; answers how many that
  // took. `answered` tells whether a call was.
  template <class C>
  int at_every_step(Status (*work)(Context&, std::span<C>), const std::function<std::vector<C>()>& made,
                    const std::function<bool(const C&)>& answered) {
    for (int allowed = 0; allowed < kStepsMax; ++allowed) {
      auto calls = made();
      CountingClock clock;
      Session session{*client_, store_.database().options().database, clock, metrics_};
      session.begin({allowed});
      Context context{session, limits_, clock_, metrics_, log_, false};
      const Status done = work(context, std::span(calls));
      for (const auto& call : calls) EXPECT_EQ(answered(call), done.has_value()) << "with " << allowed << " commands";
      if (done) return allowed;
      EXPECT_EQ(done.error().kind, ErrorKind::kUnavailable);
    }
    ADD_FAILURE() << "never succeeds";
    return kStepsMax;
  }
  template <class Asked, class T>
  int at_every_step(Status (*work)(Context&, std::span<Call<Asked, T>>), std::vector<Asked> asked) {
    using C = Call<Asked, T>;
    const auto made = [&] {
      std::vector<C> calls;
      for (const auto& one : asked) calls.push_back({one, {}});
      return calls;
    };
    return at_every_step<C>(work, made, [](const C& call) { return call.out.has_value(); });
  }

  [[nodiscard]] Message message(std::uint64_t n, std::string key = "") const {
    return message_at(clock_.wall(), n, std::move(key));
  }
  [[nodiscard]] DeliveryState state(const Message& it) {
    return call_.status(app_id(1), it.id.hex(), clock_.wall())->state;
  }
  [[nodiscard]] DeliveryEvent acked(const Message& it, std::uint64_t by) const {
    return {it.id, device(by), kAcked, clock_.wall(), clock_.wall()};
  }

  ManualClock clock_;
  Limits limits_;
  MongodbUnderTest store_{limits_, clock_};
  Caller call_{store_};
  NullLog log_;
  NullMetrics cells_;
  StoreMetrics metrics_{cells_};
  Connection::Client client_ = store_.database().connection().client();
};

TEST_F(FailingStepTest, Put) {
  const Message older = message(1, "k");
  ASSERT_TRUE(call_.put(older));
  EXPECT_GT(at_every_step(put_messages, std::vector{message(2, "k"), message(3)}), 1);
  EXPECT_EQ(state(older), kReplaced);
  EXPECT_EQ(call_.unrouted({}, clock_.wall() + kHour, 10).size(), 2);
}

TEST_F(FailingStepTest, Add) {
  ASSERT_TRUE(call_.put(message(1)));
  ASSERT_TRUE(call_.put(message(2)));
  const Add asked{{{.message = message(1).id, .user_agents = {device(1)}, .last_page = true},
                   {.message = message(2).id, .user_agents = {device(1), device(2)}, .last_page = true}},
                  clock_.wall()};
  EXPECT_GT(at_every_step(add_deliveries, std::vector{asked}), 3);
  EXPECT_TRUE(call_.unrouted({}, clock_.wall() + kHour, 10).empty());
  EXPECT_EQ(call_.pending(device(1), {}, 10, clock_.wall()).messages.size(), 2);
  EXPECT_EQ(call_.pending(device(2), {}, 10, clock_.wall()).messages.size(), 1);
}

TEST_F(FailingStepTest, Record) {
  for (std::uint64_t n = 1; n <= 2; ++n) ASSERT_TRUE(call_.put(message(n)));
  call_.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true},
             {.message = message(2).id, .user_agents = {device(1), device(2)}, .last_page = true}},
            clock_.wall());
  const std::vector<DeliveryEvent> all{acked(message(1), 1), acked(message(2), 1), acked(message(2), 2)};
  EXPECT_GT(at_every_step(record_events, std::vector<std::vector<DeliveryEvent>>{all}), 3);
  EXPECT_EQ(state(message(1)), kAcked);
  EXPECT_EQ(state(message(2)), kAcked);
  EXPECT_TRUE(call_.pending(device(1), {}, 10, clock_.wall()).messages.empty());
}

TEST_F(FailingStepTest, Cancel) {
  ASSERT_TRUE(call_.put(message(1)));
  call_.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
  EXPECT_GT(at_every_step(cancel_message, std::vector{ByKey{app_id(1), message(1).id.hex(), clock_.wall()}}), 1);
  EXPECT_EQ(state(message(1)), kCancelled);
}

TEST_F(FailingStepTest, Register) {
  const auto made = [] {
    std::vector<RegistrationCall> calls;
    calls.emplace_back(RegisterCall{{kApp, device(1)}, {}});
    calls.emplace_back(RegisterCall{{kApp, device(2)}, {}});
    return calls;
  };
  const auto answered = [](const RegistrationCall& call) { return std::get<RegisterCall>(call).out.has_value(); };
  EXPECT_GT(at_every_step<RegistrationCall>(change_registrations, made, answered), 3);
  EXPECT_EQ(call_.nodes_of(app_id(1), {}, 10).user_agents, (std::vector{device(1), device(2)}));
}

TEST_F(FailingStepTest, Unregister) {
  ASSERT_TRUE(call_.register_app(kApp, device(1)));
  ASSERT_TRUE(call_.put(message(1)));
  call_.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
  const auto made = [] {
    std::vector<RegistrationCall> calls;
    calls.emplace_back(UnregisterCall{{app_id(1), device(1)}, {}});
    return calls;
  };
  const auto answered = [](const RegistrationCall& call) { return std::get<UnregisterCall>(call).out.has_value(); };
  EXPECT_GT(at_every_step<RegistrationCall>(change_registrations, made, answered), 2);
  EXPECT_TRUE(call_.nodes_of(app_id(1), {}, 10).user_agents.empty());
  EXPECT_TRUE(call_.pending(device(1), {}, 10, clock_.wall()).messages.empty());
}

TEST_F(FailingStepTest, SetLocationAndLeave) {
  const Location here{.kind = LocationKind::kWebSocket, .server = "WS1", .connection = 1};
  const auto set = [&] {
    std::vector<LocationCall> calls;
    calls.emplace_back(SetLocationCall{{device(1), here, {}}, {}});
    return calls;
  };
  const auto was_set = [](const LocationCall& call) { return std::get<SetLocationCall>(call).out.has_value(); };
  EXPECT_EQ(at_every_step<LocationCall>(change_locations, set, was_set), 1);
  const auto leave = [&] {
    std::vector<LocationCall> calls;
    calls.emplace_back(LeaveCall{{device(1), "WS1", 1, ""}, {}});
    return calls;
  };
  const auto has_left = [](const LocationCall& call) { return std::get<LeaveCall>(call).out.has_value(); };
  EXPECT_GT(at_every_step<LocationCall>(change_locations, leave, has_left), 1);
  EXPECT_EQ(call_.locate({device(1)}).at(0).location, Location{});
}

}  // namespace
}  // namespace herald::adapters::mongodb
