#include "load/plan.h"

#include <gtest/gtest.h>

namespace herald::load {
namespace {

constexpr Machine kMachine{2, 20'000};

std::string refusal(Plan plan) {
  const auto completed = complete(std::move(plan), kMachine);
  return completed ? "" : completed.error().message;
}

TEST(Plan, DefaultsAreCompleted) {
  const auto plan = complete({}, kMachine);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->apps, plan->devices);
  EXPECT_EQ(plan->loops, 1U);
  EXPECT_EQ(plan->source_addresses, 1U);
  EXPECT_EQ(plan->in_flight, 8U * 16 * 16);
}

TEST(Plan, BroadcastHasOneApp) {
  EXPECT_EQ(complete({.scenario = Scenario::kBroadcast}, kMachine)->apps, 1U);
  EXPECT_NE(refusal({.scenario = Scenario::kBroadcast, .apps = 2}), "");
}

TEST(Plan, BacklogHasTenMessagesADeviceAndStormOne) {
  EXPECT_EQ(complete({.scenario = Scenario::kBacklog}, kMachine)->messages, 10U);
  EXPECT_EQ(complete({.scenario = Scenario::kStorm}, kMachine)->messages, 1U);
  EXPECT_NE(refusal({.scenario = Scenario::kStorm, .messages = 2}), "");
}

TEST(Plan, WebPushHasOneDeviceForEachSubscription) {
  const auto plan = complete({.protocol = Protocol::kWebPush, .devices = 5}, kMachine);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->apps, 5U);
  EXPECT_NE(refusal({.protocol = Protocol::kWebPush, .devices = 5, .apps = 1}), "");
  for (const auto scenario : {Scenario::kBroadcast, Scenario::kSleepers, Scenario::kEcho, Scenario::kPost}) {
    EXPECT_NE(refusal({.scenario = scenario, .protocol = Protocol::kWebPush}), "");
  }
  EXPECT_EQ(parse_protocol("webpush"), Protocol::kWebPush);
  EXPECT_EQ(parse_protocol("2012"), Protocol::kFlow2012);
  EXPECT_FALSE(parse_protocol("simplepush"));
}

TEST(Plan, EachLoopHoldsWhatItsDescriptorTableDoes) {
  const auto plan = complete({.devices = 100'000}, kMachine);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->loops, 6U);  // 19,488 each
  EXPECT_EQ(plan->source_addresses, 11U);
  const auto message = refusal({.devices = 100'000, .loops = 5});
  EXPECT_NE(message.find("do not fit"), std::string::npos);
  EXPECT_NE(message.find("--loops 6"), std::string::npos);
}

TEST(Plan, AChosenNumberOfLoopsIsKept) {
  EXPECT_EQ(complete({.loops = 4}, kMachine)->loops, 4U);
  EXPECT_EQ(complete({.senders = 2, .loops = 4}, kMachine)->senders, 4U);  // one at least for each loop
}

TEST(Plan, WhatCannotBeIsRefused) {
  EXPECT_NE(refusal({.devices = 0}), "");
  EXPECT_NE(refusal({.seconds = 0}), "");
  EXPECT_NE(refusal({.seconds = 1e9}), "");
  EXPECT_NE(refusal({.devices = 5, .apps = 6}), "");
  EXPECT_NE(refusal({.bytes = kStampBytes - 1}), "");
  EXPECT_NE(refusal({.senders = 0}), "");
  EXPECT_NE(refusal({.pipeline = 0}), "");
  EXPECT_EQ(refusal({.bytes = kStampBytes}), "");
}

TEST(Plan, RatesPidsAndScenarios) {
  EXPECT_EQ(parse_rate("max"), 0.0);
  EXPECT_EQ(parse_rate("2500.5"), 2500.5);
  for (const char* text : {"", "0", "-1", "fast", "1k", "inf", "nan"}) EXPECT_FALSE(parse_rate(text)) << text;
  EXPECT_EQ(parse_server_pid("auto"), -1);
  EXPECT_EQ(parse_server_pid("none"), 0);
  EXPECT_EQ(parse_server_pid("42"), 42);
  for (const char* text : {"", "0", "-3", "me"}) EXPECT_FALSE(parse_server_pid(text)) << text;
  for (const auto& entry : scenario_names()) EXPECT_EQ(parse_scenario(entry.name), entry.scenario);
  EXPECT_NE(parse_scenario("dance").error().message.find("broadcast"), std::string::npos);
}

TEST(Plan, TargetsAreResolved) {
  const auto target = find_target("https://127.0.0.3:8443/ignored");
  ASSERT_TRUE(target);
  EXPECT_TRUE(target->secure);
  EXPECT_TRUE(target->is_loopback());
  EXPECT_EQ(target->address.to_string(), "127.0.0.3:8443");
  EXPECT_EQ(target->authority, "127.0.0.3:8443");
  EXPECT_FALSE(find_target("http://192.0.2.1:80")->is_loopback());
  EXPECT_EQ(find_target("nonsense").error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace herald::load
