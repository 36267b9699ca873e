#pragma once
// Recording doubles of what the endpoint works with, and a client without a socket.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_queue.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "ports/store_deadline.h"
#include "protocol/queue/envelope.h"
#include "transport/http.h"

namespace herald::roles::app_server {

// Keeps tasks until the test runs them, oldest first.
class HeldTimers final : public TimerService {
 public:
  TimerId run_after(std::chrono::milliseconds /*delay*/, Task task) override {
    waiting.push_back(std::move(task));
    return waiting.size();
  }
  void cancel(TimerId /*id*/) override {}
  void run_next() {
    Task task = std::move(waiting.front());
    waiting.pop_front();
    task();
  }
  std::deque<Task> waiting;
};

// What the endpoints of a loop ask of a deadline, with ten seconds for the store.
struct TestDeadline {
  static constexpr std::chrono::milliseconds kTimeout{10'000};

  TestDeadline(ManualClock& with, Metrics& metrics)
      : clock(with), deadline({.timeout = kTimeout, .overdue_max = 2}, timers, with, metrics) {}
  // Lets the time run out for the calls that are under way.
  void pass() {
    clock.advance(kTimeout);
    timers.run_next();
  }

  ManualClock& clock;
  HeldTimers timers;
  ports::StoreDeadline deadline;
};

// Holds what the endpoint puts until the test answers; the rest answers by itself.
class TestWorld : public ports::MessageStore,
                  public ports::DeliveryStore,
                  public ports::Directory,
                  public ports::MessageQueue,
                  public ports::ReceiptLog {
 public:
  std::map<ReceiptId, std::vector<ports::MessageStatus>> receipts;
  std::map<AppId, App> apps;
  std::optional<Error> directory_error;
  int lookups = 0;

  struct Put {
    Message message;
    Reply<Result<ports::PutOutcome>> reply;
  };
  std::deque<Put> puts;
  // The statuses by app and key.
  std::map<std::pair<AppId, std::string>, ports::MessageStatus> statuses;
  std::vector<std::string> cancelled;
  std::optional<Error> status_error;
  std::vector<Delivery> deliveries;  // sorted by user agent
  std::optional<Error> page_error;
  std::vector<std::pair<std::string, protocol::queue::NewMessage>> published;
  std::vector<std::size_t> publications;  // how many at a time
  std::optional<Error> publish_error;

  void put(Message message, Reply<Result<ports::PutOutcome>> reply) override {
    if (message.receipt != ReceiptId{}) receipts[message.receipt].push_back(status_of(message));
    puts.push_back({std::move(message), std::move(reply)});
  }
  void fetch(std::vector<MessageId>, WallTime, Reply<Result<std::vector<MessagePtr>>>) override {}
  void status(AppId app, std::string key, WallTime, Reply<Result<ports::MessageStatus>> reply) override {
    if (status_error) return std::move(reply)(std::unexpected(*status_error));
    const auto found = statuses.find({app, key});
    if (found == statuses.end()) return std::move(reply)(fail(ErrorKind::kNotFound, "none"));
    std::move(reply)(found->second);
  }
  void cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) override {
    cancelled.push_back(key);
    const auto found = statuses.find({app, key});
    if (found != statuses.end()) found->second.state = DeliveryState::kCancelled;
    status(app, key, now, std::move(reply));
  }
  void unrouted(std::optional<MessageId>, WallTime, std::size_t, Reply<Result<std::vector<ports::Unrouted>>>) override {
  }
  void purge(WallTime, std::chrono::milliseconds, std::size_t, Reply<Result<ports::PurgeOutcome>>) override {}

  void add(std::vector<ports::NewDeliveries>, WallTime, Reply<Result<ports::AddOutcome>>) override {}
  void pending(UserAgentId, std::optional<MessageId>, std::size_t, WallTime,
               Reply<Result<ports::PendingPage>>) override {}
  void record(std::vector<DeliveryEvent>, Reply<Result<std::uint64_t>>) override {}
  void of_message(MessageId, std::optional<UserAgentId> after, std::size_t limit, WallTime,
                  Reply<Result<ports::DeliveryPage>> reply) override {
    if (page_error) return std::move(reply)(std::unexpected(*page_error));
    ports::DeliveryPage page;
    for (const auto& delivery : deliveries) {
      if (after && delivery.user_agent <= *after) continue;
      page.more = page.deliveries.size() == limit;
      if (page.more) break;
      page.deliveries.push_back(delivery);
    }
    std::move(reply)(std::move(page));
  }

  void register_app(App, UserAgentId, Reply<Status>) override {}
  void unregister_app(AppId, UserAgentId, Reply<Result<bool>>) override {}
  void find_app(AppId app, Reply<Result<App>> reply) override {
    ++lookups;
    if (directory_error) return std::move(reply)(std::unexpected(*directory_error));
    const auto found = apps.find(app);
    if (found == apps.end()) return std::move(reply)(fail(ErrorKind::kNotFound, "none"));
    std::move(reply)(found->second);
  }
  void nodes_of(AppId, std::optional<UserAgentId>, std::size_t, Reply<Result<ports::NodePage>>) override {}
  void apps_of(UserAgentId, std::optional<AppId>, std::size_t, Reply<Result<ports::AppPage>>) override {}
  void set_location(UserAgentId, Location, std::optional<WakeInterface>, Reply<Result<Location>>) override {}
  void leave(UserAgentId, ServerId, std::uint64_t, ServerId, Reply<Result<Location>>) override {}
  void locate(std::vector<UserAgentId>, Reply<Result<std::vector<Node>>>) override {}
  void sleepers(ServerId, std::optional<UserAgentId>, std::size_t, Reply<Result<std::vector<Node>>>) override {}

  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override {
    if (publish_error) return std::move(reply)(std::unexpected(*publish_error));
    publications.push_back(bodies.size());
    for (const auto& body : bodies) published.emplace_back(queue, *protocol::queue::decode_new_message(body));
    std::move(reply)(Status{});
  }
  std::unique_ptr<ports::Subscription> subscribe(std::string, std::size_t, Executor&,
                                                 std::function<void(ports::QueueBatch)>) override {
    return nullptr;
  }
  void of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime,
                  Reply<Result<ports::ReceiptPage>> reply) override {
    ports::ReceiptPage page;
    for (const auto& status : receipts[receipt]) {
      if (after && status.id <= *after) continue;
      page.more = page.messages.size() == limit;
      if (page.more) break;
      page.messages.push_back(status);
    }
    std::move(reply)(std::move(page));
  }
  void forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) override {
    auto& all = receipts[receipt];
    const std::size_t count = std::min(limit, all.size());
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    std::move(reply)(std::uint64_t{count});
  }
  [[nodiscard]] std::vector<Depth> depths() const override { return {}; }

 protected:
  static ports::MessageStatus status_of(const Message& message) {
    ports::MessageStatus status;
    status.id = message.id;
    status.app = message.app;
    status.accepted_at = message.accepted_at;
    status.expires_at = message.expires_at;
    status.receipt = message.receipt;
    return status;
  }
};

// Takes the response to one request.
class TestClient final : public transport::HttpResponder::Sink {
 public:
  void respond(std::uint64_t /*token*/, transport::HttpResponse given) override { response = std::move(given); }
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : response->headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::optional<transport::HttpResponse> response;
};

// Sends one request; the answer may come later.
inline std::shared_ptr<TestClient> ask(transport::HttpHandler& handler, std::string_view method,
                                       std::string_view target, std::string_view body = "") {
  auto client = std::make_shared<TestClient>();
  transport::HttpRequest request;
  request.method = method;
  request.target = target;
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  request.body = body;
  handler.on_request(request, transport::HttpResponder(client, 1));
  return client;
}

}  // namespace herald::roles::app_server
