#pragma once
// For this folder's tests: small fakes of the ports. Adapters must not be included by a role.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_queue.h"
#include "ports/message_store.h"
#include "protocol/queue/envelope.h"

namespace herald::roles::user_agent_ws::test {

// Messages, deliveries and the directory of a handful of devices. `failing`: every call answers kUnavailable.
class FakeStore final : public ports::MessageStore, public ports::DeliveryStore, public ports::Directory {
 public:
  bool failing = false;
  bool full = false;                        // set_location() answers kUnavailable
  std::optional<UserAgentId> damaged_node;  // locate() fails with kCorrupt whenever it is asked for
  std::map<MessageId, MessagePtr> messages;
  std::map<UserAgentId, std::set<MessageId>> waiting;
  std::map<UserAgentId, Location> locations;
  std::map<UserAgentId, WakeInterface> wakes;
  std::vector<std::pair<App, UserAgentId>> registered;
  std::vector<std::vector<MessageId>> fetches;
  std::size_t page_reads = 0;
  std::size_t leaves = 0;
  ErrorKind register_error = ErrorKind::kUnavailable;

  void fetch(std::vector<MessageId> ids, WallTime /*now*/, Reply<Result<std::vector<MessagePtr>>> reply) override {
    fetches.push_back(ids);
    if (failing) return std::move(reply)(away());
    std::vector<MessagePtr> found;
    for (const auto& id : ids) found.push_back(messages.contains(id) ? messages[id] : nullptr);
    std::move(reply)(std::move(found));
  }
  void pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime /*now*/,
               Reply<Result<ports::PendingPage>> reply) override {
    ++page_reads;
    if (failing) return std::move(reply)(away());
    const auto& ids = waiting[user_agent];
    ports::PendingPage page;
    auto at = after ? ids.upper_bound(*after) : ids.begin();
    for (; at != ids.end() && page.messages.size() < limit; ++at) {
      if (!messages.at(*at)->transient) page.messages.push_back(messages.at(*at));
    }
    page.more = at != ids.end();
    std::move(reply)(std::move(page));
  }
  void register_app(App app, UserAgentId user_agent, Reply<Status> reply) override {
    if (failing) return std::move(reply)(fail(register_error, "refused"));
    registered.emplace_back(std::move(app), user_agent);
    std::move(reply)(Status());
  }
  void unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) override {
    if (failing) return std::move(reply)(away());
    std::move(reply)(std::erase_if(registered, [&](const auto& entry) {
                       return entry.first.id == app && entry.second == user_agent;
                     }) > 0);
  }
  void set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                    Reply<Result<Location>> reply) override {
    if (failing || full) return std::move(reply)(away());
    if (ports::overruled(location, locations[user_agent])) return std::move(reply)(Location(locations[user_agent]));
    if (wake && wake->ip.empty()) {
      wakes.erase(user_agent);
    } else if (wake) {
      wakes[user_agent] = *wake;
    }
    std::move(reply)(std::exchange(locations[user_agent], location));
  }
  void leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
             Reply<Result<Location>> reply) override {
    ++leaves;
    if (failing) return std::move(reply)(away());
    Location& stored = locations[user_agent];
    if (stored.kind == LocationKind::kWebSocket && stored.server == server && stored.connection == connection) {
      stored = wakes.contains(user_agent) ? Location{LocationKind::kSleeping, sleep_server, 0, 0} : Location{};
    }
    std::move(reply)(Location(stored));
  }
  void locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) override {
    if (failing) return std::move(reply)(away());
    if (damaged_node && std::ranges::find(user_agents, *damaged_node) != user_agents.end()) {
      return std::move(reply)(fail(ErrorKind::kCorrupt, "damaged"));
    }
    std::vector<Node> nodes;
    for (const auto& user_agent : user_agents) nodes.push_back({user_agent, locations[user_agent], std::nullopt});
    std::move(reply)(std::move(nodes));
  }

  void apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
               Reply<Result<ports::AppPage>> reply) override {
    if (failing) return std::move(reply)(away());
    std::map<AppId, App> apps;
    for (const auto& [app, device] : registered) {
      if (device == user_agent && (!after || app.id > *after)) apps.emplace(app.id, app);
    }
    ports::AppPage page;
    for (const auto& [id, app] : apps) {
      page.more = page.apps.size() == limit;
      if (page.more) break;
      page.apps.push_back(app);
    }
    std::move(reply)(std::move(page));
  }

  // The role under test asks for none of these.
  void put(Message, Reply<Result<ports::PutOutcome>>) override { unexpected_call(); }
  void status(AppId, std::string, WallTime, Reply<Result<ports::MessageStatus>>) override { unexpected_call(); }
  void cancel(AppId, std::string, WallTime, Reply<Result<ports::MessageStatus>>) override { unexpected_call(); }
  void unrouted(std::optional<MessageId>, WallTime, std::size_t, Reply<Result<std::vector<ports::Unrouted>>>) override {
    unexpected_call();
  }
  void purge(WallTime, std::chrono::milliseconds, std::size_t, Reply<Result<ports::PurgeOutcome>>) override {
    unexpected_call();
  }
  void add(std::vector<ports::NewDeliveries>, WallTime, Reply<Result<ports::AddOutcome>>) override {
    unexpected_call();
  }
  void record(std::vector<DeliveryEvent>, Reply<Result<std::uint64_t>>) override { unexpected_call(); }
  void of_message(MessageId, std::optional<UserAgentId>, std::size_t, WallTime,
                  Reply<Result<ports::DeliveryPage>>) override {
    unexpected_call();
  }
  void find_app(AppId, Reply<Result<App>>) override { unexpected_call(); }
  void nodes_of(AppId, std::optional<UserAgentId>, std::size_t, Reply<Result<ports::NodePage>>) override {
    unexpected_call();
  }
  void sleepers(ServerId, std::optional<UserAgentId>, std::size_t, Reply<Result<std::vector<Node>>>) override {
    unexpected_call();
  }

 private:
  static std::unexpected<Error> away() { return fail(ErrorKind::kUnavailable, "the store is away"); }
  static void unexpected_call() { HERALD_CHECK(false, "a call that this role does not make"); }
};

// Keeps what is published; hands batches to the consumer when told to.
class FakeQueue final : public ports::MessageQueue {
 public:
  bool failing = false;
  std::vector<std::pair<std::string, std::string>> published;  // queue, body
  std::size_t publishes = 0;
  std::string subscribed;
  std::function<void(ports::QueueBatch)> consumer;

  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override {
    ++publishes;
    if (failing) return std::move(reply)(fail(ErrorKind::kUnavailable, "the broker is away"));
    for (auto& body : bodies) published.emplace_back(queue, std::move(body));
    std::move(reply)(Status());
  }
  std::unique_ptr<ports::Subscription> subscribe(std::string queue, std::size_t /*credit*/, Executor& /*executor*/,
                                                 std::function<void(ports::QueueBatch)> with) override {
    subscribed = std::move(queue);
    consumer = std::move(with);
    return std::make_unique<ports::Subscription>();
  }
  [[nodiscard]] std::vector<Depth> depths() const override { return {}; }

  // The delivery events published so far.
  [[nodiscard]] std::vector<DeliveryEvent> events() const {
    std::vector<DeliveryEvent> all;
    for (const auto& [queue, body] : published) {
      if (queue != ports::kDeliveriesQueue) continue;
      const auto envelope = protocol::queue::decode_deliveries(body);
      HERALD_CHECK(envelope.has_value(), "an envelope that can be read");
      all.insert(all.end(), envelope->events.begin(), envelope->events.end());
    }
    return all;
  }
};

}  // namespace herald::roles::user_agent_ws::test
