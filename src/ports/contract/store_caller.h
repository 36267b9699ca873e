#pragma once
// A store under test, and its calls as functions that wait for the answer.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/limits.h"
#include "base/time.h"
#include "ports/contract/waiting_executor.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "ports/server_registry.h"

namespace herald::ports::contract {

// Makes the call, waits for its answer and returns it.
template <class T>
[[nodiscard]] T await(WaitingExecutor& executor, const std::function<void(Reply<T>)>& call) {
  std::optional<T> answer;
  call(Reply<T>(executor, [&answer](T value) { answer.emplace(std::move(value)); }));
  EXPECT_FALSE(answer.has_value()) << "answered inline";
  EXPECT_TRUE(executor.run_until([&answer] { return answer.has_value(); })) << "no answer";
  return std::move(*answer);
}

// One adapter's store; owns whatever the ports stand on.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual MessageStore& messages() = 0;
  virtual DeliveryStore& deliveries() = 0;
  virtual Directory& directory() = 0;
  virtual ReceiptLog& receipts() = 0;
  virtual ServerRegistry& servers() = 0;
  // Several processes may use it.
  [[nodiscard]] virtual bool is_shared() const { return true; }
};

using StoreFactory = std::function<std::unique_ptr<StoreUnderTest>(const Limits&, const Clock&)>;

// A call of one port that waits. Errors fail the test, except through the *_result forms.
class Caller {
 public:
  explicit Caller(StoreUnderTest& store) : store_(store) {}

  Result<PutOutcome> put(Message message) {
    return await<Result<PutOutcome>>(executor_, [&](auto reply) { store_.messages().put(message, std::move(reply)); });
  }
  std::vector<MessagePtr> fetch(std::vector<MessageId> ids, WallTime now) {
    return await<Result<std::vector<MessagePtr>>>(
               executor_, [&](auto reply) { store_.messages().fetch(ids, now, std::move(reply)); })
        .value();
  }
  Result<MessageStatus> status(AppId app, std::string key, WallTime now) {
    return await<Result<MessageStatus>>(executor_,
                                        [&](auto reply) { store_.messages().status(app, key, now, std::move(reply)); });
  }
  Result<MessageStatus> cancel(AppId app, std::string key, WallTime now) {
    return await<Result<MessageStatus>>(executor_,
                                        [&](auto reply) { store_.messages().cancel(app, key, now, std::move(reply)); });
  }
  std::vector<Unrouted> unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit) {
    return await<Result<std::vector<Unrouted>>>(
               executor_, [&](auto reply) { store_.messages().unrouted(after, before, limit, std::move(reply)); })
        .value();
  }
  std::optional<MessageId> newest() {
    return await<Result<std::optional<MessageId>>>(executor_,
                                                   [&](auto reply) { store_.messages().newest(std::move(reply)); })
        .value();
  }
  PurgeOutcome purge(WallTime now, std::chrono::milliseconds retention, std::size_t limit) {
    return await<Result<PurgeOutcome>>(
               executor_, [&](auto reply) { store_.messages().purge(now, retention, limit, std::move(reply)); })
        .value();
  }

  AddOutcome add(std::vector<NewDeliveries> entries, WallTime now) {
    return await<Result<AddOutcome>>(executor_,
                                     [&](auto reply) { store_.deliveries().add(entries, now, std::move(reply)); })
        .value();
  }
  PendingPage pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now) {
    return await<Result<PendingPage>>(
               executor_,
               [&](auto reply) { store_.deliveries().pending(user_agent, after, limit, now, std::move(reply)); })
        .value();
  }
  std::uint64_t record(std::vector<DeliveryEvent> events) {
    return await<Result<std::uint64_t>>(executor_,
                                        [&](auto reply) { store_.deliveries().record(events, std::move(reply)); })
        .value();
  }
  DeliveryPage of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now) {
    return await<Result<DeliveryPage>>(
               executor_,
               [&](auto reply) { store_.deliveries().of_message(message, after, limit, now, std::move(reply)); })
        .value();
  }

  ReceiptPage of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now) {
    return await<Result<ReceiptPage>>(
               executor_,
               [&](auto reply) { store_.receipts().of_receipt(receipt, after, limit, now, std::move(reply)); })
        .value();
  }
  std::uint64_t forget_receipt(ReceiptId receipt, std::size_t limit) {
    return await<Result<std::uint64_t>>(
               executor_, [&](auto reply) { store_.receipts().forget_receipt(receipt, limit, std::move(reply)); })
        .value();
  }

  Status register_app(App app, UserAgentId user_agent) {
    return await<Status>(executor_,
                         [&](auto reply) { store_.directory().register_app(app, user_agent, std::move(reply)); });
  }
  bool unregister_app(AppId app, UserAgentId user_agent) {
    return await<Result<bool>>(
               executor_, [&](auto reply) { store_.directory().unregister_app(app, user_agent, std::move(reply)); })
        .value();
  }
  Result<App> find_app(AppId app) {
    return await<Result<App>>(executor_, [&](auto reply) { store_.directory().find_app(app, std::move(reply)); });
  }
  NodePage nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit) {
    return await<Result<NodePage>>(
               executor_, [&](auto reply) { store_.directory().nodes_of(app, after, limit, std::move(reply)); })
        .value();
  }
  AppPage apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit) {
    return await<Result<AppPage>>(
               executor_, [&](auto reply) { store_.directory().apps_of(user_agent, after, limit, std::move(reply)); })
        .value();
  }
  Location set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake = {}) {
    return await<Result<Location>>(
               executor_,
               [&](auto reply) { store_.directory().set_location(user_agent, location, wake, std::move(reply)); })
        .value();
  }
  Location leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server) {
    return await<Result<Location>>(executor_,
                                   [&](auto reply) {
                                     store_.directory().leave(user_agent, server, connection, sleep_server,
                                                              std::move(reply));
                                   })
        .value();
  }
  std::vector<Node> locate(std::vector<UserAgentId> user_agents) {
    return await<Result<std::vector<Node>>>(
               executor_, [&](auto reply) { store_.directory().locate(user_agents, std::move(reply)); })
        .value();
  }
  std::vector<Node> sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit) {
    return await<Result<std::vector<Node>>>(
               executor_, [&](auto reply) { store_.directory().sleepers(server, after, limit, std::move(reply)); })
        .value();
  }

  Status renew(ServerLease lease, WallTime now) {
    return await<Status>(executor_, [&](auto reply) { store_.servers().renew(lease, now, std::move(reply)); });
  }
  Status release(ServerId server, std::string holder) {
    return await<Status>(executor_, [&](auto reply) { store_.servers().release(server, holder, std::move(reply)); });
  }
  std::vector<ServerLease> servers() {
    return await<Result<std::vector<ServerLease>>>(executor_,
                                                   [&](auto reply) { store_.servers().list(std::move(reply)); })
        .value();
  }

  WaitingExecutor& executor() { return executor_; }

 private:
  WaitingExecutor executor_;
  StoreUnderTest& store_;
};

}  // namespace herald::ports::contract
