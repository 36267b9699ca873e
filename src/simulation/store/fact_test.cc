#include "simulation/store/fact.h"

#include <gtest/gtest.h>

namespace herald::simulation {
namespace {

const auto kOne = [](int) { return std::vector{1}; };

TEST(Fact, AChangeIsUndoneByAKillUntilItWasTold) {
  Fact<int> fact(0);
  fact.change(kOne);
  EXPECT_TRUE(fact.is(1));
  fact.lose();
  EXPECT_TRUE(fact.may_be(0));
  EXPECT_TRUE(fact.may_be(1));
  fact.tell({1});
  fact.lose();
  EXPECT_TRUE(fact.is(1));
}

TEST(Fact, WhatWasToldSurvivesAPowerCutOnceItIsSynced) {
  Fact<int> fact(0);
  fact.change(kOne);
  fact.tell({1});
  auto synced = fact;
  synced.sync();
  fact.lose_unsynced();
  EXPECT_TRUE(fact.may_be(0));
  synced.lose_unsynced();
  EXPECT_TRUE(synced.is(1));
}

TEST(Fact, ADurableChangeIsNeverUndone) {
  Fact<int> fact(0);
  fact.change_durably(kOne);
  fact.lose_unsynced();
  EXPECT_TRUE(fact.is(1));
}

TEST(Fact, AFailedDurableChangeMayShowLater) {
  Fact<int> fact(0);
  fact.may_change_durably(kOne);
  fact.see({0});
  EXPECT_TRUE(fact.is(0));
  fact.doubt();
  EXPECT_TRUE(fact.may_be(1)) << "the store finds it when it comes back";
  fact.sync();
  fact.see({0});
  fact.doubt();
  EXPECT_TRUE(fact.is(0)) << "the store has decided";
}

TEST(Fact, IsOneOf) {
  Fact<int> fact(0);
  fact.change([](int) { return std::vector{1, 2}; });
  EXPECT_TRUE(fact.is_one_of({1, 2, 3}));
  EXPECT_FALSE(fact.is_one_of({1}));
  EXPECT_TRUE(fact.may_be_one_of({0, 2}));
  EXPECT_FALSE(fact.may_be_one_of({0, 3}));
}

}  // namespace
}  // namespace herald::simulation
