#include "simulation/shrinker.h"

#include <gtest/gtest.h>

namespace herald::simulation {
namespace {

// Sums the second choice of each step; breaks a rule when the sum passes 99.
[[nodiscard]] Outcome run_sum(const std::vector<std::uint32_t>& record) {
  auto choices = Choices::from_record(record);
  std::uint32_t sum = 0;
  for (int step = 0; step < 50; ++step) {
    choices.begin_step();
    if (choices.below(2) == 1) sum += choices.below(100);
  }
  Outcome outcome;
  if (sum > 99) outcome.violation = "sum: " + std::to_string(sum);
  outcome.record = choices.record();
  outcome.steps = choices.steps();
  return outcome;
}

TEST(Shrinker, LeavesNoStepThatCanBeLeftOut) {
  std::vector<std::uint32_t> record;
  for (std::uint32_t i = 0; i < 50; ++i) {
    record.push_back(1);
    record.push_back(i);
  }
  Shrinker shrinker(run_sum, [] { return false; }, run_sum(record));
  const auto best = shrinker.shrink();
  ASSERT_TRUE(best.violation);
  EXPECT_LT(best.record.size(), record.size() / 4);
  ASSERT_EQ(best.record.size() % 2, 0) << "steps of two choices";
  for (std::size_t i = 0; i < best.record.size(); i += 2) {
    auto less = best.record;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i), less.begin() + static_cast<std::ptrdiff_t>(i + 2));
    EXPECT_FALSE(run_sum(less).violation) << i;
  }
}

TEST(Shrinker, KeepsToTheRuleThatWasBroken) {
  const auto attempt = [](const std::vector<std::uint32_t>& record) {
    Outcome outcome = run_sum(record);
    if (!outcome.violation) outcome.violation = "other: always";
    return outcome;
  };
  Shrinker shrinker(attempt, [] { return false; }, attempt({1, 99, 1, 99}));
  EXPECT_EQ(rule_of(*shrinker.shrink().violation), "sum");
}

TEST(Shrinker, StopsWhenTimeIsOver) {
  std::uint64_t runs = 0;
  const auto attempt = [&runs](const std::vector<std::uint32_t>& record) {
    ++runs;
    return run_sum(record);
  };
  Shrinker shrinker(attempt, [&runs] { return runs >= 3; }, run_sum(std::vector<std::uint32_t>(100, 60)));
  EXPECT_TRUE(shrinker.shrink().violation);
  EXPECT_LE(shrinker.attempts(), 3);
}

}  // namespace
}  // namespace herald::simulation
