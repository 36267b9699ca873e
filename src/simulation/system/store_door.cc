#include "simulation/system/store_door.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace herald::simulation::system {

namespace {

// Runs the answer and tells nobody.
constexpr auto kJustRun = [](const auto& /*value*/, Task& task) { task(); };

std::unexpected<Error> away() {
  return fail(ErrorKind::kUnavailable, "the store is away");
}

// Of a change that takes effect in part, the first half.
template <class T>
void halve(std::vector<T>& of) {
  of.resize(of.size() / 2);
}

}  // namespace

StoreDoor::Fate StoreDoor::draw(bool change, bool divisible) {
  Choices& choices = ground_.choices();
  Trace& trace = ground_.trace();
  if (choices.chance(faults_.refuses)) {
    trace.fault("store refuses");
    return Fate::kRefused;
  }
  if (change && choices.chance(faults_.applies_and_fails)) {
    trace.fault("store applies and fails");
    return Fate::kDoneAndFailed;
  }
  if (divisible && choices.chance(faults_.applies_partly)) {
    trace.fault("store applies in part");
    return Fate::kPartly;
  }
  return Fate::kDone;
}

milliseconds StoreDoor::lateness() {
  if (!ground_.choices().chance(faults_.late)) return milliseconds(0);
  return milliseconds(ground_.choices().below(faults_.late_most_ms + 1));
}

std::string StoreDoor::numbers(const std::vector<Model::Shown>& messages) const {
  std::string text;
  for (const auto& [id, asked] : messages) {
    const Model::Known* message = model_.find(id);
    fmt::format_to(std::back_inserter(text), " m{}", message == nullptr ? 0 : message->post);
  }
  return text;
}

template <class T, class Apply, class Around>
void StoreDoor::call(Lane* lane, Fate fate, Reply<T> reply, Apply apply, Around around) {
  MonoTime when = ground_.now() + lateness();
  if (lane != nullptr) when = lane->last = std::max(lane->last, when);
  if (when == ground_.now() && (lane == nullptr || lane->waiting == 0)) {
    return take_effect(fate, std::move(reply), apply, std::move(around));
  }
  if (lane != nullptr) ++lane->waiting;
  ground_.at(when, [this, lane, fate, reply = std::move(reply), apply = std::move(apply),
                    around = std::move(around)]() mutable {
    if (lane != nullptr) --lane->waiting;
    if (dead_ && ground_.choices().chance(500)) return;
    take_effect(fate, std::move(reply), apply, std::move(around));
  });
}

template <class T, class Apply, class Around>
void StoreDoor::take_effect(Fate fate, Reply<T> reply, Apply& apply, Around around) {
  T value = away();
  if (fate != Fate::kRefused) {
    const bool kept = fate == Fate::kDone;
    apply(fate, Reply<T>(inline_, [&value, kept](T given) {
            if (kept) value = std::move(given);
          }));
  }
  answer(std::move(reply), std::move(value), std::move(around));
}

template <class T, class Around>
void StoreDoor::answer(Reply<T> reply, T value, Around around) {
  auto give = [this, reply = std::move(reply), value = std::move(value), around = std::move(around)]() mutable {
    if (dead_) return;
    Executor& executor = reply.executor();
    executor.post(
        [value, around = std::move(around), task = std::move(reply).bind(value)]() mutable { around(value, task); });
  };
  const auto wait = lateness();
  if (wait.count() == 0) return give();
  ground_.after(wait, std::move(give));
}

template <class T, class Apply>
void StoreDoor::change(Lane& lane, Reply<T> reply, Apply apply) {
  call(
      &lane, draw(true, false), std::move(reply),
      [apply = std::move(apply)](Fate /*fate*/, Reply<T> done) mutable { apply(std::move(done)); }, kJustRun);
}

template <class T, class Apply>
void StoreDoor::read(Reply<T> reply, Apply apply) {
  call(
      nullptr, draw(false, false), std::move(reply),
      [apply = std::move(apply)](Fate /*fate*/, Reply<T> done) mutable { apply(std::move(done)); }, kJustRun);
}

void StoreDoor::put(Message message, Reply<Result<ports::PutOutcome>> reply) {
  model_.put_asked(message);
  const auto told = [this, id = message.id](const Result<ports::PutOutcome>& outcome, Task& task) {
    model_.put_answered(id, outcome.has_value());
    task();
  };
  call(
      &puts_, draw(true, false), std::move(reply),
      [this, message = std::move(message)](Fate /*fate*/, Reply<Result<ports::PutOutcome>> done) mutable {
        ports_.messages.put(std::move(message), std::move(done));
      },
      told);
}

void StoreDoor::fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) {
  const auto told = [this, asked = ground_.step()](const Result<std::vector<MessagePtr>>& messages, Task& task) {
    std::vector<Model::Shown> shown;
    if (messages) {
      for (const auto& message : *messages) {
        if (message) shown.push_back({message->id, asked});
      }
    }
    ground_.trace().event("{} fetched{}{}", name_, messages ? "" : " nothing: away", numbers(shown));
    model_.begin_read(std::move(shown));
    task();
    model_.end_read();
  };
  call(
      nullptr, draw(false, false), std::move(reply),
      [this, ids = std::move(ids), now](Fate /*fate*/, Reply<Result<std::vector<MessagePtr>>> done) mutable {
        ports_.messages.fetch(std::move(ids), now, std::move(done));
      },
      told);
}

void StoreDoor::pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
                        Reply<Result<ports::PendingPage>> reply) {
  const auto told = [this, user_agent, asked = ground_.step(), before = model_.reading()](
                        const Result<ports::PendingPage>& page, Task& task) {
    std::vector<Model::Shown> shown;
    if (page) {
      for (const auto& message : page->messages) shown.push_back({message->id, asked});
    }
    ground_.trace().event("{} read for device {}{}{}", name_, user_agent.bytes.back(), page ? ":" : " nothing: away",
                          numbers(shown));
    shown.insert(shown.end(), before.begin(), before.end());
    model_.begin_read(std::move(shown));
    task();
    model_.end_read();
  };
  call(
      nullptr, draw(false, false), std::move(reply),
      [this, user_agent, after, limit, now](Fate /*fate*/, Reply<Result<ports::PendingPage>> done) {
        ports_.deliveries.pending(user_agent, after, limit, now, std::move(done));
      },
      told);
}

void StoreDoor::status(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  read(std::move(reply), [this, app, key = std::move(key), now](Reply<Result<ports::MessageStatus>> done) mutable {
    ports_.messages.status(app, std::move(key), now, std::move(done));
  });
}

void StoreDoor::cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  change(cancels_, std::move(reply),
         [this, app, key = std::move(key), now](Reply<Result<ports::MessageStatus>> done) mutable {
           ports_.messages.cancel(app, std::move(key), now, std::move(done));
         });
}

void StoreDoor::unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                         Reply<Result<std::vector<ports::Unrouted>>> reply) {
  read(std::move(reply), [this, after, before, limit](Reply<Result<std::vector<ports::Unrouted>>> done) {
    ports_.messages.unrouted(after, before, limit, std::move(done));
  });
}

void StoreDoor::purge(WallTime now, milliseconds receipt_retention, std::size_t limit,
                      Reply<Result<ports::PurgeOutcome>> reply) {
  change(purges_, std::move(reply), [this, now, receipt_retention, limit](Reply<Result<ports::PurgeOutcome>> done) {
    ports_.messages.purge(now, receipt_retention, limit, std::move(done));
  });
}

// In part: some devices of some messages, and then nothing is marked as routed.
void StoreDoor::add(std::vector<ports::NewDeliveries> entries, WallTime now, Reply<Result<ports::AddOutcome>> reply) {
  call(
      &adds_, draw(true, true), std::move(reply),
      [this, entries = std::move(entries), now](Fate fate, Reply<Result<ports::AddOutcome>> done) mutable {
        if (fate == Fate::kPartly) {
          if (entries.size() > 1) {
            halve(entries);
          } else if (!entries.empty()) {
            halve(entries.front().user_agents);
            entries.front().last_page = false;
          }
        }
        for (const auto& entry : entries) {
          ground_.trace().event("{} adds {} deliveries of{}", name_, entry.user_agents.size(),
                                numbers({{entry.message, 0}}));
        }
        ports_.deliveries.add(std::move(entries), now, std::move(done));
      },
      kJustRun);
}

void StoreDoor::record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) {
  model_.recorded(events);
  call(
      &records_, draw(true, true), std::move(reply),
      [this, events = std::move(events)](Fate fate, Reply<Result<std::uint64_t>> done) mutable {
        if (fate == Fate::kPartly) halve(events);
        for (const auto& event : events) {
          ground_.trace().event("{} records{} {} by device {}", name_, numbers({{event.message, 0}}),
                                to_string(event.state), event.user_agent.bytes.back());
        }
        ports_.deliveries.record(std::move(events), std::move(done));
      },
      kJustRun);
}

void StoreDoor::of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                           Reply<Result<ports::DeliveryPage>> reply) {
  read(std::move(reply), [this, message, after, limit, now](Reply<Result<ports::DeliveryPage>> done) {
    ports_.deliveries.of_message(message, after, limit, now, std::move(done));
  });
}

void StoreDoor::of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now,
                           Reply<Result<ports::ReceiptPage>> reply) {
  read(std::move(reply), [this, receipt, after, limit, now](Reply<Result<ports::ReceiptPage>> done) {
    ports_.receipts.of_receipt(receipt, after, limit, now, std::move(done));
  });
}

void StoreDoor::forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) {
  change(forgotten_, std::move(reply), [this, receipt, limit](Reply<Result<std::uint64_t>> done) {
    ports_.receipts.forget_receipt(receipt, limit, std::move(done));
  });
}

void StoreDoor::register_app(App app, UserAgentId user_agent, Reply<Status> reply) {
  change(registrations_, std::move(reply), [this, app = std::move(app), user_agent](Reply<Status> done) mutable {
    ground_.trace().event("{} registers device {}", name_, user_agent.bytes.back());
    ports_.directory.register_app(std::move(app), user_agent, std::move(done));
  });
}

void StoreDoor::unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) {
  change(registrations_, std::move(reply), [this, app, user_agent](Reply<Result<bool>> done) {
    ground_.trace().event("{} unregisters device {}", name_, user_agent.bytes.back());
    ports_.directory.unregister_app(app, user_agent, std::move(done));
  });
}

void StoreDoor::find_app(AppId app, Reply<Result<App>> reply) {
  read(std::move(reply), [this, app](Reply<Result<App>> done) { ports_.directory.find_app(app, std::move(done)); });
}

void StoreDoor::nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit,
                         Reply<Result<ports::NodePage>> reply) {
  read(std::move(reply), [this, app, after, limit](Reply<Result<ports::NodePage>> done) {
    ports_.directory.nodes_of(app, after, limit, std::move(done));
  });
}

void StoreDoor::apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
                        Reply<Result<ports::AppPage>> reply) {
  read(std::move(reply), [this, user_agent, after, limit](Reply<Result<ports::AppPage>> done) {
    ports_.directory.apps_of(user_agent, after, limit, std::move(done));
  });
}

void StoreDoor::set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                             Reply<Result<Location>> reply) {
  change(locations_, std::move(reply),
         [this, user_agent, location = std::move(location), wake = std::move(wake)](Reply<Result<Location>> done) {
           ground_.trace().event("{} puts device {} on {}", name_, user_agent.bytes.back(), location.server);
           ports_.directory.set_location(user_agent, location, wake, std::move(done));
         });
}

void StoreDoor::leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
                      Reply<Result<Location>> reply) {
  change(locations_, std::move(reply),
         [this, user_agent, server = std::move(server), connection,
          sleep_server = std::move(sleep_server)](Reply<Result<Location>> done) {
           ground_.trace().event("{} takes device {} from {}", name_, user_agent.bytes.back(), server);
           ports_.directory.leave(user_agent, server, connection, sleep_server, std::move(done));
         });
}

void StoreDoor::locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) {
  read(std::move(reply), [this, user_agents = std::move(user_agents)](Reply<Result<std::vector<Node>>> done) mutable {
    ports_.directory.locate(std::move(user_agents), std::move(done));
  });
}

void StoreDoor::sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                         Reply<Result<std::vector<Node>>> reply) {
  read(std::move(reply),
       [this, server = std::move(server), after, limit](Reply<Result<std::vector<Node>>> done) mutable {
         ports_.directory.sleepers(std::move(server), after, limit, std::move(done));
       });
}

void StoreDoor::renew(ServerLease lease, WallTime now, Reply<Status> reply) {
  change(leases_, std::move(reply), [this, lease = std::move(lease), now](Reply<Status> done) mutable {
    ports_.servers.renew(std::move(lease), now, std::move(done));
  });
}

void StoreDoor::release(ServerId server, std::string holder, Reply<Status> reply) {
  change(leases_, std::move(reply),
         [this, server = std::move(server), holder = std::move(holder)](Reply<Status> done) mutable {
           ports_.servers.release(std::move(server), std::move(holder), std::move(done));
         });
}

void StoreDoor::list(Reply<Result<std::vector<ServerLease>>> reply) {
  read(std::move(reply),
       [this](Reply<Result<std::vector<ServerLease>>> done) { ports_.servers.list(std::move(done)); });
}

}  // namespace herald::simulation::system
