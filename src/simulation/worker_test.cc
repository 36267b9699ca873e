#include "simulation/worker.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace herald::simulation {
namespace {

// Breaks a rule for odd first choices, crashes for 4.
class Fragile final : public Simulation {
 public:
  [[nodiscard]] std::string_view name() const override { return "fragile"; }
  [[nodiscard]] std::vector<std::string_view> faults() const override { return {"fault"}; }
  [[nodiscard]] std::optional<std::string> run(Choices& choices, Trace& trace) override {
    const auto drawn = choices.below(6);
    trace.fault("fault");
    trace.event("drew {}", drawn);
    HERALD_CHECK(drawn != 4, "four");
    if (drawn % 2 == 1) return "odd: " + std::to_string(drawn);
    return std::nullopt;
  }
};

TEST(Worker, AnswersTheOutcomeOfARun) {
  Fragile fragile;
  const auto good = run_isolated(fragile, std::vector<std::uint32_t>{2});
  EXPECT_FALSE(good.violation);
  EXPECT_EQ(good.faults.at("fault"), 1);
  EXPECT_EQ(good.events, 2);
  EXPECT_EQ(good.hash, run_once(fragile, std::vector<std::uint32_t>{2}).hash);
  EXPECT_NE(good.hash, run_once(fragile, std::vector<std::uint32_t>{0}).hash);
}

TEST(Worker, AViolationBringsItsRecordAndEvents) {
  Fragile fragile;
  const auto bad = run_isolated(fragile, std::vector<std::uint32_t>{3});
  EXPECT_EQ(bad.violation, "odd: 3");
  EXPECT_EQ(bad.record, std::vector<std::uint32_t>{3});
  EXPECT_EQ(bad.last_events, (std::vector<std::string>{"fault: fault", "drew 3"}));
}

TEST(Worker, ACrashIsAViolationWithItsRecordAndEvents) {
  Fragile fragile;
  const auto bad = run_isolated(fragile, std::vector<std::uint32_t>{4});
  ASSERT_TRUE(bad.violation);
  EXPECT_EQ(rule_of(*bad.violation), "crash");
  EXPECT_NE(bad.violation->find("four"), std::string::npos) << *bad.violation;
  EXPECT_EQ(bad.record, std::vector<std::uint32_t>{4});
  EXPECT_EQ(bad.last_events.back(), "drew 4");
}

}  // namespace
}  // namespace herald::simulation
