#pragma once
// For this folder's tests: stores that answer when the test says so, timers that follow a clock, and a log that counts.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/stores.h"
#include "base/log.h"
#include "base/timer.h"
#include "ports/message_queue.h"

namespace herald::app {

// Moves the clock, and runs what is due.
class SteppedTimers final : public TimerService {
 public:
  explicit SteppedTimers(ManualClock& clock) : clock_(clock) {}
  TimerId run_after(std::chrono::milliseconds delay, Task task) override {
    due_.emplace(std::pair{clock_.mono() + delay, ++last_}, std::move(task));
    return last_;
  }
  void cancel(TimerId id) override {
    std::erase_if(due_, [id](const auto& one) { return one.first.second == id; });
  }
  void pass(std::chrono::milliseconds time) {
    clock_.advance(time);
    while (!due_.empty() && due_.begin()->first.first <= clock_.mono()) due_.extract(due_.begin()).mapped()();
  }

 private:
  ManualClock& clock_;
  TimerId last_ = 0;
  std::map<std::pair<MonoTime, TimerId>, Task> due_;
};

class CountingLog final : public Log {
 public:
  int warnings = 0;
  [[nodiscard]] bool enabled(LogLevel /*level*/) const override { return true; }
  void write(LogLevel level, std::string_view /*event*/, std::initializer_list<LogField> /*fields*/) override {
    warnings += level == LogLevel::kWarning;
  }
};

class NoQueue final : public ports::MessageQueue {
 public:
  void publish(std::string /*queue*/, std::vector<std::string> /*bodies*/, Reply<Status> /*reply*/) override {}
  std::unique_ptr<ports::Subscription> subscribe(std::string /*queue*/, std::size_t /*credit*/, Executor& /*executor*/,
                                                 std::function<void(ports::QueueBatch)> /*consumer*/) override {
    return nullptr;
  }
  [[nodiscard]] std::vector<Depth> depths() const override { return {}; }
};

// Answers nothing until answer_all(); then every call with an empty value. Calls that no test makes are dropped.
class SilentStores final : public Stores,
                           public ports::MessageStore,
                           public ports::DeliveryStore,
                           public ports::Directory,
                           public ports::ReceiptLog,
                           public ports::ServerRegistry {
 public:
  StoreCondition state;

  void answer_all() {
    for (auto& answer : std::exchange(waiting_, {})) answer();
  }
  [[nodiscard]] std::size_t silent() const { return waiting_.size(); }

  ports::MessageStore& messages() override { return *this; }
  ports::DeliveryStore& deliveries() override { return *this; }
  ports::Directory& directory() override { return *this; }
  ports::ReceiptLog& receipts() override { return *this; }
  ports::ServerRegistry& servers() override { return *this; }
  Result<std::string> note(std::string_view /*name*/) override { return std::string(); }
  Status set_note(std::string_view /*name*/, std::string_view /*value*/) override { return {}; }
  Result<bool> has_devices() override { return false; }
  StoreCondition condition() const override { return state; }

  void put(Message, Reply<Result<ports::PutOutcome>>) override {}
  void fetch(std::vector<MessageId>, WallTime, Reply<Result<std::vector<MessagePtr>>>) override {}
  void status(AppId, std::string, WallTime, Reply<Result<ports::MessageStatus>>) override {}
  void cancel(AppId, std::string, WallTime, Reply<Result<ports::MessageStatus>>) override {}
  void unrouted(std::optional<MessageId>, WallTime, std::size_t, Reply<Result<std::vector<ports::Unrouted>>>) override {
  }
  void purge(WallTime, std::chrono::milliseconds, std::size_t, Reply<Result<ports::PurgeOutcome>>) override {}
  void add(std::vector<ports::NewDeliveries>, WallTime, Reply<Result<ports::AddOutcome>>) override {}
  void pending(UserAgentId, std::optional<MessageId>, std::size_t, WallTime,
               Reply<Result<ports::PendingPage>>) override {}
  void record(std::vector<DeliveryEvent>, Reply<Result<std::uint64_t>> reply) override {
    wait(std::move(reply), std::uint64_t{0});
  }
  void of_message(MessageId, std::optional<UserAgentId>, std::size_t, WallTime,
                  Reply<Result<ports::DeliveryPage>>) override {}
  void of_receipt(ReceiptId, std::optional<MessageId>, std::size_t, WallTime,
                  Reply<Result<ports::ReceiptPage>>) override {}
  void forget_receipt(ReceiptId, std::size_t, Reply<Result<std::uint64_t>>) override {}
  void register_app(App, UserAgentId, Reply<Status>) override {}
  void unregister_app(AppId, UserAgentId, Reply<Result<bool>>) override {}
  void find_app(AppId, Reply<Result<App>> reply) override { wait(std::move(reply), App{}); }
  void nodes_of(AppId, std::optional<UserAgentId>, std::size_t, Reply<Result<ports::NodePage>>) override {}
  void apps_of(UserAgentId, std::optional<AppId>, std::size_t, Reply<Result<ports::AppPage>>) override {}
  void set_location(UserAgentId, Location, std::optional<WakeInterface>, Reply<Result<Location>> reply) override {
    wait(std::move(reply), Location{});
  }
  void leave(UserAgentId, ServerId, std::uint64_t, ServerId, Reply<Result<Location>> reply) override {
    wait(std::move(reply), Location{});
  }
  void locate(std::vector<UserAgentId>, Reply<Result<std::vector<Node>>>) override {}
  void sleepers(ServerId, std::optional<UserAgentId>, std::size_t, Reply<Result<std::vector<Node>>>) override {}
  void renew(ServerLease, WallTime, Reply<Status>) override {}
  void release(ServerId, std::string, Reply<Status>) override {}
  void list(Reply<Result<std::vector<ServerLease>>> reply) override {
    wait(std::move(reply), std::vector<ServerLease>{});
  }

 private:
  template <class T>
  void wait(Reply<Result<T>> reply, T value) {
    waiting_.emplace_back(
        [reply = std::move(reply), value = std::move(value)]() mutable { std::move(reply)(std::move(value)); });
  }
  std::deque<Task> waiting_;
};

}  // namespace herald::app
