#pragma once
// The store that several processes share: all store ports on MongoDB. Calls go through a bounded pool of workers, each
// with its own connection, which batch what gathers; see docs/mongodb.md for the documents and for the order of the
// steps that each call takes.

#include <memory>

#include "adapters/mongodb/mongodb_options.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "ports/server_registry.h"

namespace herald::adapters {

// Thread-safe. Of the calls made by one thread, those of put; add; record; register_app and unregister_app; and, for
// each device, set_location and leave are applied in the order made; others may pass each other until they are
// answered. A call fails with kUnavailable when its batch could not begin its last command within mongodb_timeout_ms.
// Executors must outlive the store.
class MongodbStore final : public ports::MessageStore,
                           public ports::DeliveryStore,
                           public ports::Directory,
                           public ports::ReceiptLog,
                           public ports::ServerRegistry {
 public:
  // Waits up to mongodb_start_timeout_ms for the database, and makes its indexes. kUnavailable: it is away;
  // kUnauthorized: it refuses the login; kInvalid: the connection string can't be used; kConflict: a newer Herald made
  // the database. Messages name the servers, never the credentials. The arguments taken by reference must outlive the
  // store.
  [[nodiscard]] static Result<std::unique_ptr<MongodbStore>> open(const MongodbOptions& options, const Limits& limits,
                                                                  const Clock& clock, Log& log, Metrics& metrics);
  // Answers everything that was called before.
  ~MongodbStore() override;

  // As RocksdbStore's, for all processes that share the database.
  [[nodiscard]] Result<std::string> note(std::string_view name);
  [[nodiscard]] Status set_note(std::string_view name, std::string_view value);
  [[nodiscard]] Result<bool> has_devices();

  void put(Message message, Reply<Result<ports::PutOutcome>> reply) override;
  void fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) override;
  void status(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) override;
  void cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) override;
  void unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                Reply<Result<std::vector<ports::Unrouted>>> reply) override;
  void purge(WallTime now, std::chrono::milliseconds receipt_retention, std::size_t limit,
             Reply<Result<ports::PurgeOutcome>> reply) override;
  void newest(Reply<Result<std::optional<MessageId>>> reply) override;

  void add(std::vector<ports::NewDeliveries> entries, WallTime now, Reply<Result<ports::AddOutcome>> reply) override;
  void pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
               Reply<Result<ports::PendingPage>> reply) override;
  void record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) override;
  void of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                  Reply<Result<ports::DeliveryPage>> reply) override;
  // Grows when another primary is found: what was read until then may have been an older state of the set.
  [[nodiscard]] std::uint64_t losses() const override;

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

 private:
  struct Parts;
  explicit MongodbStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace herald::adapters
