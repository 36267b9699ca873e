#include "app/deadline_store.h"

#include <utility>

namespace herald::app {

ports::StoreDeadline::Config store_deadline(const Limits& limits) {
  return {.timeout = std::chrono::milliseconds(limits.store_timeout_ms), .overdue_max = limits.store_overdue_max};
}

// Calls that a client waits for.

void DeadlineStore::put(Message message, Reply<Result<ports::PutOutcome>> reply) {
  deadline_.ask(std::move(reply), [&](auto bound) { stores_.messages().put(std::move(message), std::move(bound)); });
}

void DeadlineStore::fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) {
  deadline_.ask(std::move(reply), [&](auto bound) { stores_.messages().fetch(std::move(ids), now, std::move(bound)); });
}

void DeadlineStore::status(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.messages().status(app, std::move(key), now, std::move(bound)); });
}

void DeadlineStore::cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.messages().cancel(app, std::move(key), now, std::move(bound)); });
}

void DeadlineStore::pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
                            Reply<Result<ports::PendingPage>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.deliveries().pending(user_agent, after, limit, now, std::move(bound)); });
}

void DeadlineStore::of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                               Reply<Result<ports::DeliveryPage>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.deliveries().of_message(message, after, limit, now, std::move(bound)); });
}

void DeadlineStore::of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now,
                               Reply<Result<ports::ReceiptPage>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.receipts().of_receipt(receipt, after, limit, now, std::move(bound)); });
}

void DeadlineStore::forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.receipts().forget_receipt(receipt, limit, std::move(bound)); });
}

void DeadlineStore::register_app(App app, UserAgentId user_agent, Reply<Status> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.directory().register_app(std::move(app), user_agent, std::move(bound)); });
}

void DeadlineStore::unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.directory().unregister_app(app, user_agent, std::move(bound)); });
}

void DeadlineStore::find_app(AppId app, Reply<Result<App>> reply) {
  deadline_.ask(std::move(reply), [&](auto bound) { stores_.directory().find_app(app, std::move(bound)); });
}

void DeadlineStore::nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit,
                             Reply<Result<ports::NodePage>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.directory().nodes_of(app, after, limit, std::move(bound)); });
}

void DeadlineStore::apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
                            Reply<Result<ports::AppPage>> reply) {
  deadline_.ask(std::move(reply),
                [&](auto bound) { stores_.directory().apps_of(user_agent, after, limit, std::move(bound)); });
}

void DeadlineStore::set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                                 Reply<Result<Location>> reply) {
  if (deadline_.refuses()) return std::move(reply)(std::unexpected(deadline_.stall()));
  auto late = [this, user_agent, location](Result<Location> before) {
    if (before && late_location_) late_location_(user_agent, location, *before);
  };
  stores_.directory().set_location(user_agent, std::move(location), std::move(wake),
                                   deadline_.bound<Location>(std::move(reply), std::move(late)));
}

// Calls that nobody waits for.

void DeadlineStore::unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                             Reply<Result<std::vector<ports::Unrouted>>> reply) {
  stores_.messages().unrouted(after, before, limit, std::move(reply));
}

void DeadlineStore::newest(Reply<Result<std::optional<MessageId>>> reply) {
  stores_.messages().newest(std::move(reply));
}

void DeadlineStore::purge(WallTime now, std::chrono::milliseconds receipt_retention, std::size_t limit,
                          Reply<Result<ports::PurgeOutcome>> reply) {
  stores_.messages().purge(now, receipt_retention, limit, std::move(reply));
}

void DeadlineStore::add(std::vector<ports::NewDeliveries> entries, WallTime now,
                        Reply<Result<ports::AddOutcome>> reply) {
  stores_.deliveries().add(std::move(entries), now, std::move(reply));
}

void DeadlineStore::record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) {
  stores_.deliveries().record(std::move(events), std::move(reply));
}

void DeadlineStore::leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
                          Reply<Result<Location>> reply) {
  stores_.directory().leave(user_agent, std::move(server), connection, std::move(sleep_server), std::move(reply));
}

void DeadlineStore::locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) {
  stores_.directory().locate(std::move(user_agents), std::move(reply));
}

void DeadlineStore::sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                             Reply<Result<std::vector<Node>>> reply) {
  stores_.directory().sleepers(std::move(server), after, limit, std::move(reply));
}

}  // namespace herald::app
