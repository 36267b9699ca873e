#pragma once
// Recording doubles of the ports of this role.

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/timer.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_queue.h"
#include "ports/wakeup_sender.h"
#include "protocol/queue/envelope.h"
#include "transport/http.h"

namespace herald::roles::user_agent_udp {

inline UserAgentId device(std::uint8_t n) {
  UserAgentId id;
  id.bytes[15] = n;
  return id;
}
inline MessageId message_id(std::uint8_t n) {
  MessageId id;
  id.bytes[15] = n;
  return id;
}

// Timers that follow a ManualClock when the test says so.
class ManualTimers final : public TimerService {
 public:
  explicit ManualTimers(ManualClock& clock) : clock_(clock) {}
  TimerId run_after(std::chrono::milliseconds delay, Task task) override {
    waiting_.emplace(std::pair{clock_.mono() + delay, ++last_}, std::move(task));
    return last_;
  }
  void cancel(TimerId id) override {
    std::erase_if(waiting_, [id](const auto& one) { return one.first.second == id; });
  }
  // Lets `time` pass, running what is due and `then` after each.
  void advance(std::chrono::milliseconds time, const std::function<void()>& then) {
    const auto until = clock_.mono() + time;
    while (!waiting_.empty() && waiting_.begin()->first.first <= until) {
      const auto at = std::max(waiting_.begin()->first.first, clock_.mono());
      auto task = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      clock_.advance(std::chrono::duration_cast<std::chrono::milliseconds>(at - clock_.mono()));
      task();
      then();
    }
    clock_.advance(std::chrono::duration_cast<std::chrono::milliseconds>(until - clock_.mono()));
  }

 private:
  ManualClock& clock_;
  std::map<std::pair<MonoTime, TimerId>, Task> waiting_;
  TimerId last_ = 0;
};

class TestWorld final : public ports::Directory,
                        public ports::DeliveryStore,
                        public ports::MessageQueue,
                        public ports::WakeupSender {
 public:
  std::map<UserAgentId, Node> nodes;
  std::map<UserAgentId, std::vector<MessagePtr>> waiting;  // pending, by device
  int locate_failures = 0;
  int sleepers_failures = 0;
  int pending_failures = 0;
  std::optional<UserAgentId> damaged_node;      // locate() fails with kCorrupt whenever it is asked for
  std::optional<UserAgentId> damaged_messages;  // the same for pending()
  std::optional<ServerId> damaged_list;         // and for sleepers()
  int located = 0;
  std::optional<Error> publish_error;
  bool hold_publish = false;
  std::vector<Reply<Status>> held;
  std::vector<DeliveryEvent> events;
  std::vector<std::pair<WakeInterface, std::string>> sent;
  std::optional<Error> send_error;
  std::string queue_name;
  std::function<void(ports::QueueBatch)> consumer;
  int settled = 0;

  void sleeps(std::uint8_t n, const ServerId& server = "UDP1") {
    nodes[device(n)] = {
        device(n), {LocationKind::kSleeping, server, 0, 0}, WakeInterface{"10.0.0." + std::to_string(n), 5000}};
  }
  void connects(std::uint8_t n) { nodes[device(n)].location = {LocationKind::kWebSocket, "WS1", 0, 1}; }
  [[nodiscard]] int pings_of(std::uint8_t n) const {
    int count = 0;
    for (const auto& [to, datagram] : sent) count += to.ip == "10.0.0." + std::to_string(n);
    return count;
  }

  // Directory
  void register_app(App, UserAgentId, Reply<Status>) override {}
  void unregister_app(AppId, UserAgentId, Reply<Result<bool>>) override {}
  void find_app(AppId, Reply<Result<App>>) override {}
  void nodes_of(AppId, std::optional<UserAgentId>, std::size_t, Reply<Result<ports::NodePage>>) override {}
  void apps_of(UserAgentId, std::optional<AppId>, std::size_t, Reply<Result<ports::AppPage>>) override {}
  void set_location(UserAgentId, Location, std::optional<WakeInterface>, Reply<Result<Location>>) override {}
  void leave(UserAgentId, ServerId, std::uint64_t, ServerId, Reply<Result<Location>>) override {}
  void locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) override {
    ++located;
    if (locate_failures > 0 && locate_failures-- > 0) return std::move(reply)(fail(ErrorKind::kUnavailable, "away"));
    if (damaged_node && std::ranges::find(user_agents, *damaged_node) != user_agents.end()) {
      return std::move(reply)(fail(ErrorKind::kCorrupt, "damaged"));
    }
    std::vector<Node> found;
    for (const auto& id : user_agents) found.push_back(nodes.contains(id) ? nodes[id] : Node{id, {}, std::nullopt});
    std::move(reply)(std::move(found));
  }
  void sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                Reply<Result<std::vector<Node>>> reply) override {
    if (sleepers_failures > 0 && sleepers_failures-- > 0) {
      return std::move(reply)(fail(ErrorKind::kUnavailable, "away"));
    }
    if (damaged_list == server) return std::move(reply)(fail(ErrorKind::kCorrupt, "damaged"));
    std::vector<Node> found;
    for (const auto& [id, node] : nodes) {
      if (node.location.kind != LocationKind::kSleeping || node.location.server != server) continue;
      if ((after && id <= *after) || waiting[id].empty() || found.size() == limit) continue;
      found.push_back(node);
    }
    std::move(reply)(std::move(found));
  }

  // DeliveryStore
  void add(std::vector<ports::NewDeliveries>, WallTime, Reply<Result<ports::AddOutcome>>) override {}
  void pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
               Reply<Result<ports::PendingPage>> reply) override {
    if (pending_failures > 0 && pending_failures-- > 0) {
      return std::move(reply)(fail(ErrorKind::kUnavailable, "away"));
    }
    if (damaged_messages == user_agent) return std::move(reply)(fail(ErrorKind::kCorrupt, "damaged"));
    ports::PendingPage page;
    for (const auto& message : waiting[user_agent]) {
      if ((after && message->id <= *after) || is_expired(*message, now)) continue;
      page.more = page.messages.size() == limit;
      if (page.more) break;
      page.messages.push_back(message);
    }
    std::move(reply)(std::move(page));
  }
  void record(std::vector<DeliveryEvent>, Reply<Result<std::uint64_t>>) override {}
  void of_message(MessageId, std::optional<UserAgentId>, std::size_t, WallTime,
                  Reply<Result<ports::DeliveryPage>>) override {}

  // MessageQueue
  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override {
    if (publish_error) return std::move(reply)(std::unexpected(*publish_error));
    queue_name = std::move(queue);
    for (const auto& body : bodies) {
      const auto envelope = protocol::queue::decode_deliveries(body);
      events.insert(events.end(), envelope->events.begin(), envelope->events.end());
    }
    if (hold_publish) return held.push_back(std::move(reply));
    std::move(reply)(Status{});
  }
  std::unique_ptr<ports::Subscription> subscribe(std::string queue, std::size_t, Executor&,
                                                 std::function<void(ports::QueueBatch)> given) override {
    queue_name = std::move(queue);
    consumer = std::move(given);
    return std::make_unique<ports::Subscription>();
  }
  [[nodiscard]] std::vector<Depth> depths() const override { return {}; }

  // WakeupSender
  [[nodiscard]] Status send(const WakeInterface& to, std::string_view datagram) override {
    if (send_error) return std::unexpected(*send_error);
    sent.emplace_back(to, datagram);
    return {};
  }
};

}  // namespace herald::roles::user_agent_udp
