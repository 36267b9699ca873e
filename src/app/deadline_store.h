#pragma once
// The store as the endpoints of one loop see it: each call that a client waits for is answered in time
// (store_deadline.h). Calls that nobody waits for go through unbounded: to repeat them would only add to what a slow
// store has to do.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/stores.h"
#include "ports/store_deadline.h"

namespace herald::app {

// How long the clients of one loop wait.
[[nodiscard]] ports::StoreDeadline::Config store_deadline(const Limits& limits);

// On the loop's thread only; the stores and the deadline must outlive it.
class DeadlineStore final : public ports::MessageStore,
                            public ports::DeliveryStore,
                            public ports::Directory,
                            public ports::ReceiptLog {
 public:
  // A device's location that was written after its caller had given up, and what was stored before.
  using LateLocation = std::function<void(const UserAgentId&, const Location& written, const Location& before)>;

  DeadlineStore(Stores& stores, ports::StoreDeadline& deadline) : stores_(stores), deadline_(deadline) {}
  void on_late_location(LateLocation then) { late_location_ = std::move(then); }

  void put(Message message, Reply<Result<ports::PutOutcome>> reply) override;
  void fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) override;
  void status(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) override;
  void cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) override;
  void unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                Reply<Result<std::vector<ports::Unrouted>>> reply) override;
  void newest(Reply<Result<std::optional<MessageId>>> reply) override;
  void purge(WallTime now, std::chrono::milliseconds receipt_retention, std::size_t limit,
             Reply<Result<ports::PurgeOutcome>> reply) override;

  void add(std::vector<ports::NewDeliveries> entries, WallTime now, Reply<Result<ports::AddOutcome>> reply) override;
  void pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
               Reply<Result<ports::PendingPage>> reply) override;
  void record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) override;
  void of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                  Reply<Result<ports::DeliveryPage>> reply) override;
  [[nodiscard]] std::uint64_t losses() const override { return stores_.deliveries().losses(); }

  void of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now,
                  Reply<Result<ports::ReceiptPage>> reply) override;
  void forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) override;

  void register_app(App app, UserAgentId user_agent, Reply<Status> reply) override;
  void unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) override;
  void find_app(AppId app, Reply<Result<App>> reply) override;
  void nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit,
                Reply<Result<ports::NodePage>> reply) override;
  void apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
               Reply<Result<ports::AppPage>> reply) override;
  void set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                    Reply<Result<Location>> reply) override;
  void leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
             Reply<Result<Location>> reply) override;
  void locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) override;
  void sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                Reply<Result<std::vector<Node>>> reply) override;

 private:
  Stores& stores_;
  ports::StoreDeadline& deadline_;
  LateLocation late_location_;
};

}  // namespace herald::app
