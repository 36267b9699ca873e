// Two clients with one token, which take the device from each other.

#include <gtest/gtest.h>

#include <memory>

#include "roles/user_agent_ws/newer_device.h"

namespace herald::roles::user_agent_ws {
namespace {

using std::chrono::milliseconds;
using test::count;
using test::Device;
using test::World;
using transport::CloseCode;

class Takeover : public testing::TestWithParam<const char*> {
 protected:
  static Limits twice_at_once() {
    Limits limits;
    limits.takeovers_at_once = 2;
    return limits;
  }
  std::string first_frame() const {
    const std::string frame = GetParam();
    const auto at = frame.find("TOKEN");
    return frame.substr(0, at) + world.token(1) + frame.substr(at + 5);
  }
  // A new connection that said its first frame; the one before it ends.
  Device& reconnect() {
    before_ = std::move(latest_);
    latest_ = std::make_unique<Device>(world);
    latest_->send(first_frame());
    world.executor.run();
    return *latest_;
  }

  World world{twice_at_once()};
  std::unique_ptr<Device> before_;
  std::unique_ptr<Device> latest_;
};

TEST_P(Takeover, IsSlowedDownWhenItComesAgainAndAgain) {
  for (int n = 0; n < 3; ++n) EXPECT_NE(reconnect().take(), "") << "two take-overs at once";
  for (const int wait : {1'000, 2'000, 4'000, 8'000, 8'000}) {
    Device& next = reconnect();
    world.timers.advance(milliseconds(wait - 1));
    world.executor.run();
    EXPECT_EQ(next.take(), "");
    EXPECT_FALSE(before_->socket.closed) << "the device stays where it is";
    world.timers.advance(milliseconds(1));
    world.executor.run();
    EXPECT_NE(next.take(), "");
    EXPECT_EQ(before_->socket.closed, CloseCode::kNormal);
    EXPECT_EQ(before_->socket.close_reason, "taken over");
  }
  EXPECT_EQ(world.metrics.counters["herald_takeovers_slowed_total"].value(), 5u);
}

TEST_P(Takeover, AConnectionThatEndsWhileItWaitsChangesNothing) {
  for (int n = 0; n < 3; ++n) reconnect();
  Device& current = *latest_;
  Device waiting(world);
  waiting.send(first_frame());
  waiting.drop();
  world.timers.advance(std::chrono::minutes(1));
  world.executor.run();
  EXPECT_FALSE(current.socket.closed);
}

TEST_P(Takeover, AMinuteOfPeaceForgets) {
  for (int n = 0; n < 4; ++n) reconnect();
  world.timers.advance(std::chrono::minutes(2));
  world.executor.run();
  EXPECT_NE(reconnect().take(), "");
}

INSTANTIATE_TEST_SUITE_P(Generations, Takeover,
                         testing::Values(R"({"command":"register/ua","data":{"uatoken":"TOKEN"}})",
                                         R"({"messageType":"hello","uaid":"TOKEN","channelIDs":[]})",
                                         R"({"messageType":"hello","uaid":"TOKEN","use_webpush":true})"));

}  // namespace
}  // namespace herald::roles::user_agent_ws
