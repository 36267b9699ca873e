#pragma once
// A recording double of everything the monitor works with: answers by itself from tables, or fails or holds an answer
// when a test asks for that. `trace` has the calls in their order.

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/message_id_source.h"
#include "protocol/queue/envelope.h"
#include "roles/monitor/monitor_ports.h"
#include "roles/monitor/test_values.h"

namespace herald::roles::monitor {

class TestWorld final : public ports::MessageStore,
                        public ports::DeliveryStore,
                        public ports::Directory,
                        public ports::ServerRegistry,
                        public ports::MessageQueue {
 public:
  ManualExecutor loop;
  ManualTimers timers;
  ManualClock clock;
  NullLog log;
  NullMetrics metrics;
  std::vector<std::string> trace;

  std::map<AppId, std::vector<UserAgentId>> nodes;  // sorted
  std::map<UserAgentId, Location> locations;
  std::map<UserAgentId, WakeInterface> wakes;
  std::map<ServerId, ServerLease> leases;
  int listed = 0;
  std::vector<ports::Unrouted> not_routed;
  std::map<MessageId, MessagePtr> messages;
  std::vector<WallTime> swept_before;
  std::optional<MessageId> newest_id;
  int purges_left = 0;

  Fault nodes_fault, add_fault, locate_fault, list_fault, leave_fault, unrouted_fault, fetch_fault, purge_fault;
  std::map<AppId, Error> damaged_apps;
  std::set<MessageId> damaged_messages;       // add() and fetch() fail with kCorrupt for them
  std::set<UserAgentId> damaged_nodes;        // locate() and leave() do
  std::map<std::string, int> refuse_publish;  // by queue: how many times
  bool hold_add = false;
  bool hold_publish = false;
  std::vector<std::function<void()>> held;
  std::function<void()> before_leave;  // once

  struct Added {
    MessageId message;
    std::vector<UserAgentId> user_agents;
    bool last_page;
  };
  std::vector<std::vector<Added>> adds;
  std::vector<std::pair<std::string, protocol::queue::Deliver>> published;

  std::function<void(ports::QueueBatch)> consumer;
  int settled = 0;

  TestWorld() {
    for (const char* server : {"WS1", "WS2"}) holds(server, LocationKind::kWebSocket);
    for (const char* server : {"UDP1", "UDP2"}) holds(server, LocationKind::kSleeping);
  }
  MonitorPorts ports() { return {*this, *this, *this, *this, *this, loop, timers, clock, log, metrics}; }

  // A day's lease, unless it is to have lapsed.
  void holds(const ServerId& server, LocationKind kind, bool live = true) {
    leases[server] = {server, kind, "holder", live ? clock.wall() + std::chrono::hours(24) : clock.wall()};
  }
  void release() {
    hold_add = hold_publish = false;
    for (auto& answer : std::exchange(held, {})) answer();
    loop.run();
  }
  // Puts one batch of new messages on the queue.
  void announce(const std::vector<std::pair<MessageId, AppId>>& list) {
    std::vector<std::string> bodies;
    for (const auto& [id, of] : list) {
      bodies.push_back(protocol::queue::encode(
          protocol::queue::NewMessage{id, of, Priority::kRealTime, clock.wall() + std::chrono::hours(1)}));
    }
    announce_bodies(std::move(bodies));
  }
  void announce_bodies(std::vector<std::string> bodies) {
    consumer(ports::QueueBatch{std::move(bodies), [this] { ++settled; }});
    loop.run();
  }
  // The messages that went to `queue`, by their number.
  std::vector<int> sent_to(const std::string& queue) const {
    std::vector<int> numbers;
    for (const auto& [name, envelope] : published) {
      if (name == queue) numbers.push_back(envelope.message.bytes[15]);
    }
    return numbers;
  }
  std::size_t count(const std::string& call) const {
    return static_cast<std::size_t>(std::count(trace.begin(), trace.end(), call));
  }

  // MessageStore
  void put(Message, Reply<Result<ports::PutOutcome>>) override {}
  void status(AppId, std::string, WallTime, Reply<Result<ports::MessageStatus>>) override {}
  void cancel(AppId, std::string, WallTime, Reply<Result<ports::MessageStatus>>) override {}
  void fetch(std::vector<MessageId> ids, WallTime, Reply<Result<std::vector<MessagePtr>>> reply) override {
    if (fetch_fault.strikes()) return std::move(reply)(std::unexpected(fetch_fault.error));
    for (const auto& id : ids) {
      if (damaged_messages.contains(id)) return std::move(reply)(fail(ErrorKind::kCorrupt, "damaged"));
    }
    std::vector<MessagePtr> found;
    for (const auto& id : ids) found.push_back(messages.contains(id) ? messages[id] : nullptr);
    std::move(reply)(std::move(found));
  }
  void unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                Reply<Result<std::vector<ports::Unrouted>>> reply) override {
    trace.push_back("unrouted");
    if (unrouted_fault.strikes()) return std::move(reply)(std::unexpected(unrouted_fault.error));
    swept_before.push_back(before);
    std::vector<ports::Unrouted> found;
    for (const auto& one : not_routed) {
      const bool old = made_at(one.message) < before;
      if (old && (!after || one.message > *after) && found.size() < limit) found.push_back(one);
    }
    std::move(reply)(std::move(found));
  }
  void newest(Reply<Result<std::optional<MessageId>>> reply) override { std::move(reply)(newest_id); }
  void purge(WallTime, std::chrono::milliseconds, std::size_t, Reply<Result<ports::PurgeOutcome>> reply) override {
    trace.push_back("purge");
    if (purge_fault.strikes()) return std::move(reply)(std::unexpected(purge_fault.error));
    std::move(reply)(ports::PurgeOutcome{1, 1, --purges_left > 0});
  }

  // DeliveryStore
  void add(std::vector<ports::NewDeliveries> entries, WallTime, Reply<Result<ports::AddOutcome>> reply) override {
    trace.push_back("add");
    if (add_fault.strikes()) return std::move(reply)(std::unexpected(add_fault.error));
    for (const auto& entry : entries) {
      if (damaged_messages.contains(entry.message)) return std::move(reply)(fail(ErrorKind::kCorrupt, "damaged"));
    }
    adds.emplace_back();
    for (auto& entry : entries) {
      if (entry.last_page) {
        std::erase_if(not_routed, [&entry](const auto& one) { return one.message == entry.message; });
      }
      adds.back().push_back({entry.message, entry.user_agents, entry.last_page});
    }
    answer_or_hold(hold_add, std::move(reply), Result<ports::AddOutcome>(ports::AddOutcome{}));
  }
  void pending(UserAgentId, std::optional<MessageId>, std::size_t, WallTime,
               Reply<Result<ports::PendingPage>>) override {}
  void record(std::vector<DeliveryEvent>, Reply<Result<std::uint64_t>>) override {}
  void of_message(MessageId, std::optional<UserAgentId>, std::size_t, WallTime,
                  Reply<Result<ports::DeliveryPage>>) override {}

  // Directory
  void register_app(App, UserAgentId, Reply<Status>) override {}
  void unregister_app(AppId, UserAgentId, Reply<Result<bool>>) override {}
  void find_app(AppId, Reply<Result<App>>) override {}
  void apps_of(UserAgentId, std::optional<AppId>, std::size_t, Reply<Result<ports::AppPage>>) override {}
  void nodes_of(AppId of, std::optional<UserAgentId> after, std::size_t limit,
                Reply<Result<ports::NodePage>> reply) override {
    trace.push_back("nodes_of");
    if (nodes_fault.strikes()) return std::move(reply)(std::unexpected(nodes_fault.error));
    if (damaged_apps.contains(of)) return std::move(reply)(std::unexpected(damaged_apps[of]));
    ports::NodePage page;
    for (const auto& id : nodes[of]) {
      if (after && id <= *after) continue;
      page.more = page.user_agents.size() == limit;
      if (page.more) break;
      page.user_agents.push_back(id);
    }
    std::move(reply)(std::move(page));
  }
  void set_location(UserAgentId, Location, std::optional<WakeInterface>, Reply<Result<Location>>) override {}
  void leave(UserAgentId id, ServerId server, std::uint64_t connection, ServerId sleep_server,
             Reply<Result<Location>> reply) override {
    trace.push_back("leave " + server);
    if (leave_fault.strikes()) return std::move(reply)(std::unexpected(leave_fault.error));
    if (before_leave) std::exchange(before_leave, nullptr)();
    Location& location = locations[id];
    if (location.server == server && location.connection == connection) {
      location = wakes.contains(id) ? Location{LocationKind::kSleeping, sleep_server, 0, 0} : Location{};
    }
    std::move(reply)(Location(location));
  }
  void locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) override {
    trace.push_back("locate");
    if (locate_fault.strikes()) return std::move(reply)(std::unexpected(locate_fault.error));
    for (const auto& id : user_agents) {
      if (damaged_nodes.contains(id)) return std::move(reply)(fail(ErrorKind::kCorrupt, "damaged"));
    }
    std::vector<Node> found;
    for (const auto& id : user_agents) found.push_back({id, locations[id], wake_of(id)});
    std::move(reply)(std::move(found));
  }
  void sleepers(ServerId, std::optional<UserAgentId>, std::size_t, Reply<Result<std::vector<Node>>>) override {}

  // ServerRegistry
  void renew(ServerLease, WallTime, Reply<Status>) override {}
  void release(ServerId, std::string, Reply<Status>) override {}
  void list(Reply<Result<std::vector<ServerLease>>> reply) override {
    ++listed;
    if (list_fault.strikes()) return std::move(reply)(std::unexpected(list_fault.error));
    std::vector<ServerLease> found;
    for (const auto& [server, lease] : leases) found.push_back(lease);
    std::move(reply)(std::move(found));
  }

  // MessageQueue
  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override {
    trace.push_back("publish " + queue);
    if (refuse_publish[queue] > 0) {
      --refuse_publish[queue];
      return std::move(reply)(fail(ErrorKind::kExhausted, "queue full"));
    }
    for (const auto& body : bodies) {
      auto envelope = protocol::queue::decode_for_server(body);
      published.emplace_back(queue, std::get<protocol::queue::Deliver>(*envelope));
    }
    answer_or_hold(hold_publish, std::move(reply), Status{});
  }
  std::unique_ptr<ports::Subscription> subscribe(std::string, std::size_t, Executor&,
                                                 std::function<void(ports::QueueBatch)> given) override {
    trace.push_back("subscribe");
    consumer = std::move(given);
    return std::make_unique<ports::Subscription>();
  }
  [[nodiscard]] std::vector<Depth> depths() const override { return {}; }

 private:
  std::optional<WakeInterface> wake_of(const UserAgentId& id) const {
    const auto found = wakes.find(id);
    return found == wakes.end() ? std::nullopt : std::optional(found->second);
  }
  template <class T>
  void answer_or_hold(bool hold, Reply<T> reply, T value) {
    if (!hold) return std::move(reply)(std::move(value));
    auto kept = std::make_shared<Reply<T>>(std::move(reply));
    held.emplace_back([kept, value] { std::move (*kept)(value); });
  }
};

}  // namespace herald::roles::monitor
