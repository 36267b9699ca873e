#pragma once
// DeliveryStore::pending() page by page, for what a device is to be woken for.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/executor.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/recent_acks.h"
#include "domain/wake_need.h"
#include "ports/delivery_store.h"

namespace herald::ports {

// One loop's; on its thread only, and destroyed when the loop runs no more. Everything given must outlive it.
class WakeNeedReader {
 public:
  using Then = std::move_only_function<void(Result<WakeNeed>)>;

  // What a device acked lately, as `acks` remembers it, is no need; null: nothing is remembered.
  WakeNeedReader(DeliveryStore& deliveries, Executor& loop, const Clock& clock, const Limits& limits,
                 const RecentAcks* acks)
      : deliveries_(deliveries), loop_(loop), clock_(clock), limits_(limits), acks_(acks) {}

  // Reads until nothing more can change the answer: one page for most, else at most pending_per_device messages. Every
  // error of the store ends the reading.
  void read(const UserAgentId& user_agent, Then then) {
    next(std::make_unique<Reading>(user_agent, WakeNeed(clock_.wall(), limits_), std::move(then)), std::nullopt);
  }

 private:
  struct Reading {
    UserAgentId user_agent;
    WakeNeed need;
    Then then;
  };

  void next(std::unique_ptr<Reading> reading, std::optional<MessageId> after) {
    const UserAgentId user_agent = reading->user_agent;
    auto read = [this, reading = std::move(reading)](Result<PendingPage> page) mutable {
      if (!page) return reading->then(std::unexpected(std::move(page.error())));
      for (const auto& message : page->messages) {
        if (acks_ == nullptr || !acks_->contains(reading->user_agent, message->id)) reading->need.add(message);
      }
      const bool more = page->more && !page->messages.empty();
      if (!more || reading->need.settled()) return reading->then(std::move(reading->need));
      next(std::move(reading), page->messages.back()->id);
    };
    deliveries_.pending(user_agent, after, limits_.pending_page, clock_.wall(),
                        Reply<Result<PendingPage>>(loop_, std::move(read)));
  }

  DeliveryStore& deliveries_;
  Executor& loop_;
  const Clock& clock_;
  const Limits& limits_;
  const RecentAcks* acks_;
};

}  // namespace herald::ports
