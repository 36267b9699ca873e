#include "simulation/choices.h"

#include <gtest/gtest.h>

#include <array>

namespace herald::simulation {
namespace {

TEST(Choices, ARecordRepeatsARun) {
  auto first = Choices::from_seed(7);
  std::vector<std::uint32_t> drawn;
  const std::array<std::uint32_t, 3> weights{5, 1, 2};
  for (int i = 0; i < 100; ++i) {
    drawn.push_back(first.below(10));
    drawn.push_back(first.chance(300) ? 1 : 0);
    drawn.push_back(first.weighted(weights));
  }
  auto second = Choices::from_record(first.record());
  for (std::size_t i = 0; i < drawn.size(); i += 3) {
    EXPECT_EQ(second.below(10), drawn[i]);
    EXPECT_EQ(second.chance(300), drawn[i + 1] == 1);
    EXPECT_EQ(second.weighted(weights), drawn[i + 2]);
  }
  EXPECT_EQ(first.record(), second.record());
}

TEST(Choices, SeedsDiffer) {
  auto one = Choices::from_seed(1);
  auto two = Choices::from_seed(2);
  int same = 0;
  for (int i = 0; i < 1000; ++i) same += one.below(100) == two.below(100) ? 1 : 0;
  EXPECT_LT(same, 100);
}

TEST(Choices, PastTheEndOfARecordEveryChoiceIsTheTamest) {
  auto choices = Choices::from_record({3});
  EXPECT_EQ(choices.below(10), 3);
  EXPECT_EQ(choices.below(10), 0);
  EXPECT_FALSE(choices.chance(1000));
  EXPECT_EQ(choices.weighted(std::array<std::uint32_t, 2>{0, 9}), 0);
}

TEST(Choices, ARecordedValueIsCutToItsRange) {
  auto choices = Choices::from_record({900, 900, 900});
  EXPECT_EQ(choices.below(10), 9);
  EXPECT_TRUE(choices.chance(1));
  EXPECT_EQ(choices.weighted(std::array<std::uint32_t, 2>{1, 1}), 1);
}

TEST(Choices, AllCandidatesAreDrawnAboutAsOftenAsTheirWeightsSay) {
  auto choices = Choices::from_seed(1);
  std::array<int, 3> counts{};
  for (int i = 0; i < 10'000; ++i) ++counts[choices.weighted(std::array<std::uint32_t, 3>{1, 0, 3})];
  EXPECT_NEAR(counts[0], 2'500, 200);
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[2], 7'500, 200);
}

TEST(Choices, WhatLeavesNoChoiceIsNotRecorded) {
  auto choices = Choices::from_seed(1);
  choices.below(1);
  choices.below(0);
  choices.chance(0);
  EXPECT_TRUE(choices.record().empty());
}

}  // namespace
}  // namespace herald::simulation
