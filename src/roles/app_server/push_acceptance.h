#pragma once
// What all endpoints do once a request is understood: store the message durably and tell the monitor. Those without a
// cache of apps first see here that the subscription exists.

#include <functional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "domain/message.h"
#include "ports/directory.h"
#include "ports/message_queue.h"
#include "ports/store_deadline.h"
#include "roles/app_server/acceptance_order.h"

namespace herald::roles::app_server {

// What it works with; everything must outlive it.
struct PushAcceptancePorts {
  ports::Directory& directory;
  ports::MessageQueue& queue;
  AcceptanceOrder& order;
  ports::StoreDeadline& deadline;
};

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class PushAcceptance {
 public:
  using Existence = std::move_only_function<void(Result<bool>)>;
  using Accepted = std::move_only_function<void(Result<MessageId>)>;

  PushAcceptance(PushAcceptancePorts ports, Executor& loop, const Clock& clock, Log& log, Metrics& metrics);

  // Whether a device holds that subscription now.
  void find(const AppId& subscription, Existence then);
  // Gives `message` its id and accepted_at, stores it, and announces it unless it has expired. Errors as
  // MessageStore::put(), or kUnavailable if the store does not answer in time; those that are nobody's fault but ours
  // are logged. A message that is stored later than that is announced then.
  void accept(Message message, Accepted then);

 private:
  void stored(const Message& summary, Result<ports::PutOutcome> outcome, Accepted then);
  void count_and_announce(const Message& summary);
  void announce(const Message& summary);
  void publish();

  PushAcceptancePorts ports_;
  Executor& loop_;
  const Clock& clock_;
  Log& log_;
  Counter* accepted_[4] = {};  // by priority
  Counter& unannounced_;
  std::vector<std::string> gathered_;  // announcements of this turn of the loop
};

}  // namespace herald::roles::app_server
