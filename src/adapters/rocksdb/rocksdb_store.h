#pragma once
// The embedded store: all store ports on RocksDB in one folder. Changes go through one committing thread, which
// writes everything that gathered during the last commit in one batch with one fsync; reads through a few reading
// threads. Callers touch no descriptor and take no lock.

#include <memory>
#include <string>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "ports/server_registry.h"

namespace rocksdb {
class Env;
}

namespace herald::adapters {

struct RocksdbOptions {
  std::string folder;                                   // made if missing
  std::size_t readers = 1;                              // reading threads, at least 1
  bool threads = true;                                  // false: no thread is started, the owner calls step()
  std::size_t memtable_bytes = std::size_t{32} << 20U;  // of each kind of row, until it is flushed to a table
  bool accept_loss = false;     // open even if acknowledged changes are lost with the end of the write-ahead log
  rocksdb::Env* env = nullptr;  // null: the operating system's; tests put faults here. Must outlive the store.
};

// What is wrong with the store; nothing is if it is writable, has no unreadable rows and no reason.
struct StoreCondition {
  bool writable = true;               // false: writes are refused until the disk takes them again
  std::uint64_t unreadable_rows = 0;  // damaged places met since the start; what lies there is not delivered
  std::string reason;                 // for people; empty: all is well
};

// Thread-safe. Executors must outlive the store.
class RocksdbStore final : public ports::MessageStore,
                           public ports::DeliveryStore,
                           public ports::Directory,
                           public ports::ReceiptLog,
                           public ports::ServerRegistry {
 public:
  // Opens or makes the database. One that exists and can be read but not written, as on a full disk, is open for reads
  // until it can be written: see condition(). kUnavailable: the folder cannot be made or used; kConflict: another
  // process uses it, or a newer version wrote it; kCorrupt: damaged. The arguments taken by reference must outlive the
  // store.
  [[nodiscard]] static Result<std::unique_ptr<RocksdbStore>> open(RocksdbOptions options, const Limits& limits,
                                                                  const Clock& clock, Log& log, Metrics& metrics);
  // Applies and answers everything that was called before.
  ~RocksdbStore() override;

  // Any thread.
  [[nodiscard]] StoreCondition condition() const;

  // Runs tasks on the committing thread, between commits, for callers that would otherwise wait for it step by step.
  // Tasks must be short. What has not run when the store is destroyed is destroyed unrun.
  [[nodiscard]] Executor& executor();
  // Inside a task of executor(): no other is run any more.
  void stop_tasks();

  // Only without threads: one turn of committing and reading, on the calling thread. Answers whether there was
  // anything to do.
  bool step();
  // Only without threads: when step() has something to do although nothing more is called. Empty: never.
  [[nodiscard]] std::optional<MonoTime> next_step();

  // What a start must know besides messages and devices, by a constant name, such as whose token keys the devices have.
  // Empty: never set. Any thread; both block on the disk, so they are for a start. kUnavailable, kCorrupt.
  [[nodiscard]] Result<std::string> note(std::string_view name) const;
  [[nodiscard]] Status set_note(std::string_view name, std::string_view value);
  // Whether some device registered for an app, or can be woken. The same threads and errors.
  [[nodiscard]] Result<bool> has_devices() const;

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

  // In memory only: the folder is locked by one process, so nobody else could hold a lease.
  void renew(ServerLease lease, WallTime now, Reply<Status> reply) override;
  void release(ServerId server, std::string holder, Reply<Status> reply) override;
  void list(Reply<Result<std::vector<ServerLease>>> reply) override;

 private:
  struct Parts;
  explicit RocksdbStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace herald::adapters
