#include "roles/app_server/push_acceptance.h"

#include <string>
#include <utility>
#include <vector>

#include "protocol/queue/envelope.h"

namespace herald::roles::app_server {

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
  message.accepted_at = clock_.wall();
  ports_.order.put(std::move(message), [this, &then](const Message& numbered) {
    Message summary;
    summary.id = numbered.id;
    summary.app = numbered.app;
    summary.priority = numbered.priority;
    summary.expires_at = numbered.expires_at;
    return Reply<Result<ports::PutOutcome>>(
        loop_, [this, summary = std::move(summary), then = std::move(then)](Result<ports::PutOutcome> outcome) mutable {
          stored(summary, std::move(outcome), std::move(then));
        });
  });
}

void PushAcceptance::stored(const Message& summary, Result<ports::PutOutcome> outcome, Accepted then) {
  if (!outcome) {
    if (outcome.error().kind == ErrorKind::kInternal || outcome.error().kind == ErrorKind::kCorrupt) {
      log_.error("message not stored", {{"reason", outcome.error().message}});
    }
    return then(std::unexpected(outcome.error()));
  }
  accepted_[static_cast<int>(summary.priority)]->add();
  if (log_.enabled(LogLevel::kDebug)) log_.debug("message accepted", {{"message", summary.id.hex()}});
  // Before the answer: a sender that waits for it sees its messages routed in the order it sent them.
  if (!is_expired(summary, clock_.wall())) announce(summary);
  then(summary.id);
}

void PushAcceptance::announce(const Message& summary) {
  std::vector<std::string> bodies;
  bodies.push_back(protocol::queue::encode(
      protocol::queue::NewMessage{summary.id, summary.app, summary.priority, summary.expires_at}));
  auto answered = [this](Status status) {
    if (!status) unannounced_.add();
  };
  ports_.queue.publish(ports::kNewMessagesQueue, std::move(bodies), Reply<Status>(loop_, std::move(answered)));
}

}  // namespace herald::roles::app_server
