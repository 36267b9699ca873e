#pragma once
// The double of the store: all store ports in plain maps behind one mutex. For tests;
// it forgets everything when it is destroyed, and bounds nothing but what Limits names.

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/limits.h"
#include "base/time.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "ports/server_registry.h"

namespace herald::adapters {

// Thread-safe. Every call takes effect before it returns; the answer follows on the Reply's executor.
class InMemoryStore final : public ports::MessageStore,
                            public ports::DeliveryStore,
                            public ports::Directory,
                            public ports::ReceiptLog,
                            public ports::ServerRegistry {
 public:
  explicit InMemoryStore(const Limits& limits) : InMemoryStore(limits, system_clock_) {}
  // `clock` dates the one change whose call carries no time (unregister_app); it must outlive the store.
  InMemoryStore(const Limits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}

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

  void renew(ServerLease lease, WallTime now, Reply<Status> reply) override;
  void release(ServerId server, std::string holder, Reply<Status> reply) override;
  void list(Reply<Result<std::vector<ServerLease>>> reply) override;

  // Apps and nodes that are kept: none when nothing is registered and nobody is connected or can be woken.
  [[nodiscard]] std::size_t directory_rows() const;

 private:
  struct StoredMessage {
    MessagePtr message;
    bool routed = false;
    DeliveryState end = DeliveryState::kPending;  // kPending: not ended
    WallTime ended_at;
    std::map<UserAgentId, Delivery> deliveries;
  };
  struct StoredApp {
    App app;
    std::set<UserAgentId> user_agents;
  };
  struct StoredNode {
    Location location;
    std::optional<WakeInterface> wake;
    std::set<AppId> apps;
  };

  [[nodiscard]] static DeliveryState state_at(const StoredMessage& stored, const Delivery& delivery, WallTime now);
  [[nodiscard]] static ports::MessageStatus status_of(const StoredMessage& stored, WallTime now);
  static void end(StoredMessage& stored, DeliveryState state, WallTime at);
  static void end_if_resolved(StoredMessage& stored, WallTime at);

  [[nodiscard]] StoredMessage* find(AppId app, const std::string& key);
  [[nodiscard]] ports::PutOutcome put_now(Message message);
  void add_one(StoredMessage& stored, UserAgentId user_agent, WallTime now, ports::AddOutcome& outcome);
  [[nodiscard]] StoredMessage* first_to_drop(UserAgentId user_agent, WallTime now);
  [[nodiscard]] bool record_one(const DeliveryEvent& event);
  [[nodiscard]] Status register_now(App app, UserAgentId user_agent);
  [[nodiscard]] bool unregister_now(AppId app, UserAgentId user_agent);
  void forget_if_unused(const UserAgentId& user_agent);
  [[nodiscard]] std::uint64_t expire(WallTime now, std::size_t limit);
  [[nodiscard]] std::uint64_t remove_ended(WallTime before, std::size_t limit);
  [[nodiscard]] bool has_pending(UserAgentId user_agent) const;

  const SystemClock system_clock_;
  const Limits limits_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<MessageId, StoredMessage> messages_;
  std::map<std::pair<AppId, std::string>, MessageId> newest_by_replace_key_;
  std::map<UserAgentId, std::set<MessageId>> messages_for_;
  std::map<ReceiptId, std::set<MessageId>> messages_of_receipt_;
  std::map<AppId, StoredApp> apps_;
  std::map<UserAgentId, StoredNode> nodes_;
  ServerLeases leases_;
};

}  // namespace herald::adapters
