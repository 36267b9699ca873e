#pragma once
// The ground the store's contract suites stand on: a fresh store for each test, and short ways to say values and calls.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/contract/store_caller.h"

namespace herald::ports::contract {

template <class Id>
[[nodiscard]] Id numbered(std::uint64_t n) {
  Id id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(n >> (56 - 8 * i));
  for (std::size_t i = 8; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(n * 37 + i);
  return id;
}
[[nodiscard]] inline UserAgentId device(std::uint64_t n) {
  return numbered<UserAgentId>(n);
}
[[nodiscard]] inline AppId app_id(std::uint64_t n) {
  return numbered<AppId>(n);
}

// Values and short calls for the suites.
class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  static constexpr std::chrono::milliseconds kSecond{1000};
  static constexpr std::chrono::milliseconds kHour{3'600'000};

  StoreContract() { open(); }
  // Starts over with an empty store under `limits_`.
  void open() {
    call_.reset();
    store_ = GetParam()(limits_, clock_);
    call_.emplace(*store_);
  }
  Caller& call() { return *call_; }
  StoreUnderTest& store() { return *store_; }
  [[nodiscard]] WallTime now() const { return clock_.wall(); }

  // The n-th message of app 1, accepted now, for an hour.
  [[nodiscard]] Message message(std::uint64_t n, std::string replace_key = "") const {
    return {.id = numbered<MessageId>(static_cast<std::uint64_t>(now().ms) * 1000 + n),
            .app = app_id(1),
            .priority = Priority::kRealTime,
            .kind = PayloadKind::kFlow2012,
            .replace_key = std::move(replace_key),
            .meta = "meta",
            .body = "body " + std::to_string(n),
            .accepted_at = now(),
            .expires_at = now() + kHour};
  }
  MessageId put(const Message& message) {
    EXPECT_TRUE(call().put(message));
    return message.id;
  }
  MessageId put(std::uint64_t n, std::string replace_key = "") { return put(message(n, std::move(replace_key))); }
  AddOutcome route(MessageId message, std::vector<UserAgentId> devices) {
    return call().add({{.message = message, .user_agents = std::move(devices), .last_page = true}}, now());
  }
  std::uint64_t record(MessageId message, UserAgentId user_agent, DeliveryState state) {
    return call().record({{message, user_agent, state, now(), now()}});
  }
  std::uint64_t ack(MessageId message, UserAgentId user_agent) {
    return record(message, user_agent, DeliveryState::kAcked);
  }
  [[nodiscard]] bool deliverable(MessageId message) { return call().fetch({message}, now()).at(0) != nullptr; }
  [[nodiscard]] MessageStatus status(MessageId message) {
    return call().status(app_id(1), message.hex(), now()).value();
  }
  [[nodiscard]] DeliveryState state_at(MessageId message, UserAgentId user_agent) {
    for (const auto& delivery : call().of_message(message, {}, 1000, now()).deliveries) {
      if (delivery.user_agent == user_agent) return delivery.state;
    }
    ADD_FAILURE() << "no such delivery";
    return DeliveryState::kPending;
  }
  // The ids that wait for a device, oldest first.
  [[nodiscard]] std::vector<MessageId> pending_ids(UserAgentId user_agent) {
    std::vector<MessageId> ids;
    for (const auto& waiting : call().pending(user_agent, {}, 1000, now()).messages) ids.push_back(waiting->id);
    return ids;
  }

  Limits limits_;
  ManualClock clock_;

 private:
  std::unique_ptr<StoreUnderTest> store_;
  std::optional<Caller> call_;
};

}  // namespace herald::ports::contract
