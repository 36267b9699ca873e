#include "adapters/amqp/outbox.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace herald::adapters {
namespace {

constexpr MonoTime at_s(std::int64_t seconds) {
  return {seconds * 1'000'000'000};
}

class OutboxTest : public testing::Test {
 protected:
  // Publishes as a thread would, at `at`; the answer lands in answers_[name].
  bool publish(const std::string& name, std::vector<std::string> bodies, MonoTime at = {}) {
    if (!outbox_.reserve(bodies)) return false;
    outbox_.add({std::move(bodies),
                 Reply<Status>(executor_,
                               [this, name](Status status) {
                                 answers_.push_back(name + " " +
                                                    (status ? "ok" : std::string(to_string(status.error().kind))));
                               }),
                 at});
    return true;
  }

  // Sends everything that is next, and answers it.
  std::vector<std::string> send_all() {
    std::vector<std::string> sent;
    while (const std::string* body = outbox_.next()) {
      sent.push_back(*body);
      numbers_.push_back(outbox_.sent());
    }
    return sent;
  }

  std::vector<std::string> answers() {
    executor_.run();
    return std::exchange(answers_, {});
  }

  using Texts = std::vector<std::string>;
  const Error full_{ErrorKind::kExhausted, "full"};
  ManualExecutor executor_;
  OutboxBudget budget_{100};
  Outbox outbox_{"q", 5, budget_};
  std::vector<std::string> answers_;
  std::vector<std::uint64_t> numbers_;
};

TEST_F(OutboxTest, AnswersWhenTheLastBodyIsAccepted) {
  ASSERT_TRUE(publish("a", {"1", "2"}));
  EXPECT_EQ(send_all(), (Texts{"1", "2"}));
  EXPECT_EQ(outbox_.next(), nullptr);
  outbox_.accepted(numbers_[1]);
  EXPECT_EQ(answers(), Texts{});
  outbox_.accepted(numbers_[0]);
  outbox_.accepted(numbers_[0]);
  EXPECT_EQ(answers(), Texts{"a ok"});
  EXPECT_EQ(outbox_.unaccepted(), 0U);
  EXPECT_EQ(budget_.held(), 0U);
}

TEST_F(OutboxTest, PublishingNothingIsAnswered) {
  ASSERT_TRUE(publish("a", {}));
  EXPECT_EQ(answers(), Texts{"a ok"});
}

TEST_F(OutboxTest, KeepsItsBoundsAllOrNothing) {
  ASSERT_TRUE(publish("a", {"1", "2", "3"}));
  EXPECT_FALSE(publish("b", {"4", "5", "6"}));
  EXPECT_TRUE(publish("c", {"4", "5"}));
  EXPECT_FALSE(publish("d", {"6"}));
  EXPECT_EQ(outbox_.unaccepted(), 5U);
  send_all();
  outbox_.accepted(numbers_[0]);
  EXPECT_TRUE(publish("e", {"6"}));
}

TEST_F(OutboxTest, KeepsTheBoundOfBytesWithTheOthers) {
  Outbox other("other", 5, budget_);
  ASSERT_TRUE(other.reserve({std::string(60, 'x')}));
  EXPECT_FALSE(publish("a", {std::string(41, 'x')}));
  EXPECT_EQ(outbox_.unaccepted(), 0U);
  EXPECT_TRUE(publish("a", {std::string(40, 'x')}));
  EXPECT_EQ(budget_.held(), 100U);
}

TEST_F(OutboxTest, ALostLinkMakesTheUnacceptedNextAgainInOrder) {
  ASSERT_TRUE(publish("a", {"1", "2"}));
  ASSERT_TRUE(publish("b", {"3"}));
  send_all();
  outbox_.accepted(numbers_[1]);
  ASSERT_TRUE(publish("c", {"4"}));
  EXPECT_EQ(outbox_.rewind(), 2U);
  const auto old = std::exchange(numbers_, {});
  EXPECT_EQ(send_all(), (Texts{"1", "3", "4"}));
  for (const auto number : old) outbox_.accepted(number);
  EXPECT_EQ(answers(), Texts{});
  for (const auto number : numbers_) outbox_.accepted(number);
  EXPECT_EQ(answers(), (Texts{"a ok", "b ok", "c ok"}));
}

TEST_F(OutboxTest, ARefusedBodyRefusesItsPublicationOnce) {
  ASSERT_TRUE(publish("a", {"1", "2"}));
  ASSERT_TRUE(publish("b", {"3"}));
  send_all();
  outbox_.refused(numbers_[0], full_);
  outbox_.refused(numbers_[1], full_);
  outbox_.accepted(numbers_[2]);
  EXPECT_EQ(answers(), (Texts{"a exhausted", "b ok"}));
  EXPECT_EQ(outbox_.unaccepted(), 0U);
}

TEST_F(OutboxTest, GivesUpWhatIsTooOld) {
  ASSERT_TRUE(publish("a", {"1", "2"}, at_s(1)));
  send_all();
  ASSERT_TRUE(publish("b", {"3"}, at_s(2)));
  ASSERT_TRUE(publish("c", {"4"}, at_s(3)));
  outbox_.give_up(at_s(3), full_);
  EXPECT_EQ(answers(), (Texts{"a exhausted", "b exhausted"}));
  EXPECT_EQ(outbox_.unaccepted(), 1U);
  EXPECT_EQ(budget_.held(), 1U);
  // The broker accepts them all the same.
  for (const auto number : std::exchange(numbers_, {})) outbox_.accepted(number);
  EXPECT_EQ(send_all(), Texts{"4"});
  outbox_.accepted(numbers_[0]);
  EXPECT_EQ(answers(), Texts{"c ok"});
}

TEST_F(OutboxTest, GivingUpOneHalfAcceptedAnswersOnce) {
  ASSERT_TRUE(publish("a", {"1", "2", "3"}, at_s(1)));
  send_all();
  outbox_.accepted(numbers_[1]);
  outbox_.give_up(at_s(2), full_);
  outbox_.give_up(at_s(2), full_);
  EXPECT_EQ(answers(), Texts{"a exhausted"});
  EXPECT_EQ(outbox_.unaccepted(), 0U);
  EXPECT_EQ(outbox_.rewind(), 0U);
  EXPECT_EQ(outbox_.next(), nullptr);
}

}  // namespace
}  // namespace herald::adapters
