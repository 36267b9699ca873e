// Each call of the store: asked, traced, and its answer given to the model.

#include <algorithm>

#include "simulation/store/store_run.h"

namespace herald::simulation {

namespace {

[[nodiscard]] std::string name(const MessageId& id) {
  return "m" + std::to_string(id.bytes[14] * 256 + id.bytes[15]);
}
[[nodiscard]] std::string name(const UserAgentId& device) {
  return "d" + std::to_string(device.bytes.back());
}
[[nodiscard]] std::string name(const AppId& app) {
  return "a" + std::to_string(app.bytes.back());
}
[[nodiscard]] std::string name(const Location& location) {
  return fmt::format("{}/{}/{}", static_cast<int>(location.kind), location.server, location.connection);
}

}  // namespace

// `submit(reply)` makes the call; `apply(answer)` tells the model, with null if there is none.
template <class Answer, class Submit, class Apply>
void StoreRun::ask(bool is_durable, const std::string& what, Submit submit, Apply apply) {
  trace_.event("{}", what);
  auto call = std::make_shared<Open>();
  call->what = what;
  call->unanswered = [this, apply] {
    if (!is_damaged()) apply(static_cast<const Answer*>(nullptr));
  };
  open_.push_back(call);
  submit(Reply<Answer>(world_.executor(), [this, call, apply, is_durable](const Answer& answer) {
    if (std::exchange(call->answered, true)) throw Violation{"answered: twice: " + call->what};
    const auto* error = error_of(answer);
    trace_.event("  {}: {}", call->what.substr(0, call->what.find(' ')),
                 error == nullptr ? "ok" : to_string(error->kind));
    last_error_.reset();
    if (is_damaged()) return;
    if (error != nullptr) note_error(*error);
    if (is_in_doubt_) model_.in_doubt();
    apply(&answer);
    if (error != nullptr || !is_durable) return;
    model_.synced();
    is_in_doubt_ = false;
  }));
  end_call();
}

void StoreRun::call_put(Message message) {
  const auto what = fmt::format("put {} app {} key '{}' prio {} ttl {} bytes {}", name(message.id), name(message.app),
                                message.replace_key, static_cast<int>(message.priority),
                                (message.expires_at - message.accepted_at).count(), message.body.size());
  ask<Result<ports::PutOutcome>>(
      true, what, [&](auto reply) { world_.store().put(message, std::move(reply)); },
      [this, message](const auto* answer) { model_.put(message, answer); });
}

void StoreRun::call_add(std::vector<ports::NewDeliveries> entries) {
  std::string what = "add";
  for (const auto& entry : entries) {
    what += " " + name(entry.message) + (entry.last_page ? "!" : "");
    for (const auto& each : entry.user_agents) what += " " + name(each);
  }
  ask<Result<ports::AddOutcome>>(
      false, what, [&](auto reply) { world_.store().add(entries, now(), std::move(reply)); },
      [this, entries, at = now()](const auto* answer) { model_.add(entries, at, answer); });
}

void StoreRun::call_record(std::vector<DeliveryEvent> events) {
  std::string what = "record";
  for (const auto& event : events) {
    what += fmt::format(" {} {} {}", name(event.message), name(event.user_agent), to_string(event.state));
  }
  ask<Result<std::uint64_t>>(
      false, what, [&](auto reply) { world_.store().record(events, std::move(reply)); },
      [this, events, at = now()](const auto* answer) { model_.record(events, at, answer); });
}

void StoreRun::call_cancel(const MessageId& id) {
  const auto of = model_.message(id).message.app;
  ask<Result<ports::MessageStatus>>(
      true, "cancel " + name(id), [&](auto reply) { world_.store().cancel(of, id.hex(), now(), std::move(reply)); },
      [this, id, at = now()](const auto* answer) {
        const bool failed = answer != nullptr && !answer->has_value() && answer->error().kind != ErrorKind::kNotFound;
        model_.cancel(id, at, failed ? nullptr : answer);
      });
}

void StoreRun::call_register(const AppId& id, const UserAgentId& device) {
  ask<Status>(
      true, "register " + name(id) + " " + name(device),
      [&](auto reply) { world_.store().register_app({.id = id, .public_key_pem = "key"}, device, std::move(reply)); },
      [this, id, device](const auto* answer) { model_.register_app(id, device, answer); });
}

void StoreRun::call_unregister(const AppId& id, const UserAgentId& device) {
  ask<Result<bool>>(
      true, "unregister " + name(id) + " " + name(device),
      [&](auto reply) { world_.store().unregister_app(id, device, std::move(reply)); },
      [this, id, device](const auto* answer) { model_.unregister_app(id, device, now(), answer); });
}

void StoreRun::call_set_location(const UserAgentId& device, Location location) {
  std::optional<WakeInterface> wake;
  if (can_wake(device)) wake = WakeInterface{.ip = "10.0.0.1", .port = 5000};
  ask<Result<Location>>(
      false, "set_location " + name(device) + " " + name(location),
      [&](auto reply) { world_.store().set_location(device, location, wake, std::move(reply)); },
      [this, device, location](const auto* answer) {
        model_.set_location(device, location, can_wake(device), answer);
      });
}

void StoreRun::call_leave(const UserAgentId& device, const Location& location) {
  ask<Result<Location>>(
      false, "leave " + name(device) + " " + name(location),
      [&](auto reply) { world_.store().leave(device, location.server, location.connection, "UDP1", std::move(reply)); },
      [this, device, location](const auto* answer) {
        model_.leave(device, location.server, location.connection, "UDP1", can_wake(device), answer);
      });
}

std::optional<ports::PurgeOutcome> StoreRun::call_purge() {
  std::optional<ports::PurgeOutcome> outcome;
  ask<Result<ports::PurgeOutcome>>(
      false, "purge", [&](auto reply) { world_.store().purge(now(), kRetention, 20, std::move(reply)); },
      [this, &outcome, at = now()](const auto* answer) {
        model_.purge(at, kRetention, answer);
        if (answer != nullptr && *answer) outcome = **answer;
      });
  return outcome;
}

std::optional<std::vector<ports::Unrouted>> StoreRun::call_unrouted(std::optional<MessageId> after, WallTime before,
                                                                    std::size_t limit) {
  std::optional<std::vector<ports::Unrouted>> found;
  ask<Result<std::vector<ports::Unrouted>>>(
      false, fmt::format("unrouted before {} limit {}", before.ms, limit),
      [&](auto reply) { world_.store().unrouted(after, before, limit, std::move(reply)); },
      [this, &found, after, before, limit, at = now()](const auto* answer) {
        if (answer == nullptr || !*answer) return;
        if (!after) model_.unrouted(before, limit, at, **answer);
        found = **answer;
      });
  return found;
}

std::optional<ports::PendingPage> StoreRun::call_pending(const UserAgentId& device, std::optional<MessageId> after,
                                                         std::size_t limit) {
  std::optional<ports::PendingPage> page;
  ask<Result<ports::PendingPage>>(
      false, fmt::format("pending {} after {} limit {}", name(device), after ? name(*after) : "-", limit),
      [&](auto reply) { world_.store().pending(device, after, limit, now(), std::move(reply)); },
      [this, &page, device, after, limit, at = now()](const auto* answer) {
        if (answer == nullptr || !*answer) return;
        for (const auto& message : (*answer)->messages) trace_.event("    waits {}", name(message->id));
        model_.pending(device, after, limit, at, **answer);
        page = **answer;
      });
  return page;
}

void StoreRun::call_fetch(std::vector<MessageId> ids) {
  std::string what = "fetch";
  for (const auto& id : ids) what += " " + name(id);
  ask<Result<std::vector<MessagePtr>>>(
      false, what, [&](auto reply) { world_.store().fetch(ids, now(), std::move(reply)); },
      [this, ids, at = now()](const auto* answer) {
        if (answer != nullptr && *answer) model_.fetch(ids, at, **answer);
      });
}

std::optional<ports::MessageStatus> StoreRun::call_status(const MessageId& id) {
  std::optional<ports::MessageStatus> found;
  const auto of = model_.message(id).message.app;
  ask<Result<ports::MessageStatus>>(
      false, "status " + name(id), [&](auto reply) { world_.store().status(of, id.hex(), now(), std::move(reply)); },
      [this, &found, id, at = now()](const auto* answer) {
        if (answer == nullptr) return;
        if (*answer) {
          trace_.event("    {}, {} of {} acked", to_string((*answer)->state), (*answer)->acked, (*answer)->recipients);
          found = **answer;
        }
        model_.status(id, at, *answer);
      });
  return found;
}

void StoreRun::call_of_message(const MessageId& id) {
  ask<Result<ports::DeliveryPage>>(
      false, "of_message " + name(id),
      [&](auto reply) { world_.store().of_message(id, {}, 100, now(), std::move(reply)); },
      [this, id, at = now()](const auto* answer) {
        if (answer == nullptr || !*answer) return;
        for (const auto& each : (*answer)->deliveries) {
          trace_.event("    {} {}", name(each.user_agent), to_string(each.state));
        }
        model_.of_message(id, at, **answer);
      });
}

void StoreRun::call_nodes_of(const AppId& id) {
  ask<Result<ports::NodePage>>(
      false, "nodes_of " + name(id), [&](auto reply) { world_.store().nodes_of(id, {}, 100, std::move(reply)); },
      [this, id](const auto* answer) {
        if (answer != nullptr && *answer) model_.nodes_of(id, **answer);
      });
}

void StoreRun::call_apps_of(const UserAgentId& device) {
  ask<Result<ports::AppPage>>(
      false, "apps_of " + name(device), [&](auto reply) { world_.store().apps_of(device, {}, 100, std::move(reply)); },
      [this, device](const auto* answer) {
        if (answer != nullptr && *answer) model_.apps_of(device, **answer);
      });
}

void StoreRun::call_locate(std::vector<UserAgentId> devices) {
  std::string what = "locate";
  for (const auto& each : devices) what += " " + name(each);
  ask<Result<std::vector<Node>>>(
      false, what, [&](auto reply) { world_.store().locate(devices, std::move(reply)); },
      [this, devices](const auto* answer) {
        if (answer != nullptr && *answer) model_.locate(devices, **answer);
      });
}

void StoreRun::call_sleepers() {
  ask<Result<std::vector<Node>>>(
      false, "sleepers", [&](auto reply) { world_.store().sleepers("UDP1", {}, 100, std::move(reply)); },
      [this, at = now()](const auto* answer) {
        if (answer != nullptr && *answer) model_.sleepers("UDP1", 100, at, **answer);
      });
}

}  // namespace herald::simulation
