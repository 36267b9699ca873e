#include "roles/app_server/push_acceptance.h"

#include <string>
#include <utility>
#include <vector>

#include "protocol/queue/envelope.h"

namespace herald::roles::app_server {

namespace {
// A queue takes all of a publication or nothing: in parts, a nearly full one still takes some.
constexpr std::size_t kGatheredMost = 64;
}  // namespace

PushAcceptance::PushAcceptance(PushAcceptancePorts ports, Executor& loop, const Clock& clock, Log& log,
                               Metrics& metrics)
    : ports_(ports),
      loop_(loop),
      clock_(clock),
      log_(log),
      unannounced_(metrics.counter("herald_unannounced_total",
                                   "Accepted notifications that the queue did not take; the sweep routes them.")) {
  for (int priority = 1; priority <= 3; ++priority) {
    accepted_[priority] = &metrics.counter("herald_notifications_accepted_total", "Notifications stored durably.",
                                           {{"priority", std::to_string(priority)}});
  }
}

void PushAcceptance::find(const AppId& subscription, Existence then) {
  auto found = [then = std::move(then)](Result<ports::NodePage> page) mutable {
    if (!page) return then(std::unexpected(page.error()));
    then(!page->user_agents.empty());
  };
  ports_.directory.nodes_of(subscription, std::nullopt, 1, Reply<Result<ports::NodePage>>(loop_, std::move(found)));
}

void PushAcceptance::accept(Message message, Accepted then) {
  if (ports_.deadline.refuses()) {
    return loop_.post([this, then = std::move(then)]() mutable { then(std::unexpected(ports_.deadline.stall())); });
  }
  message.accepted_at = clock_.wall();
  ports_.order.put(std::move(message), [this, &then](const Message& numbered) {
    Message summary;
    summary.id = numbered.id;
    summary.app = numbered.app;
    summary.priority = numbered.priority;
    summary.expires_at = numbered.expires_at;
    auto late = [this, summary](const Result<ports::PutOutcome>& outcome) {
      if (outcome) count_and_announce(summary);
    };
    auto in_time = [this, summary = std::move(summary),
                    then = std::move(then)](Result<ports::PutOutcome> outcome) mutable {
      stored(summary, std::move(outcome), std::move(then));
    };
    return ports_.deadline.bound<ports::PutOutcome>(Reply<Result<ports::PutOutcome>>(loop_, std::move(in_time)),
                                                    std::move(late));
  });
}

void PushAcceptance::stored(const Message& summary, Result<ports::PutOutcome> outcome, Accepted then) {
  if (!outcome) {
    if (outcome.error().kind == ErrorKind::kInternal || outcome.error().kind == ErrorKind::kCorrupt) {
      log_.error("message not stored", {{"reason", outcome.error().message}});
    }
    return then(std::unexpected(outcome.error()));
  }
  // Before the answer leaves: a sender that waits for it sees its messages routed in the order it sent them.
  count_and_announce(summary);
  then(summary.id);
}

void PushAcceptance::count_and_announce(const Message& summary) {
  accepted_[static_cast<int>(summary.priority)]->add();
  if (log_.enabled(LogLevel::kDebug)) log_.debug("message accepted", {{"message", summary.id.hex()}});
  if (!is_expired(summary, clock_.wall())) announce(summary);
}

void PushAcceptance::announce(const Message& summary) {
  if (gathered_.empty()) loop_.post_before_sending([this] { publish(); });
  gathered_.push_back(protocol::queue::encode(
      protocol::queue::NewMessage{summary.id, summary.app, summary.priority, summary.expires_at}));
  if (gathered_.size() == kGatheredMost) publish();
}

void PushAcceptance::publish() {
  if (gathered_.empty()) return;
  auto answered = [this, count = gathered_.size()](const Status& status) {
    if (!status) unannounced_.add(count);
  };
  ports_.queue.publish(ports::kNewMessagesQueue, std::exchange(gathered_, {}),
                       Reply<Status>(loop_, std::move(answered)));
}

}  // namespace herald::roles::app_server
