#include "adapters/rocksdb/rocksdb_store.h"

#include <algorithm>
#include <mutex>

#include "adapters/rocksdb/cold/reads.h"
#include "adapters/rocksdb/cold/record_format.h"
#include "adapters/rocksdb/engine/commit_executor.h"
#include "adapters/rocksdb/engine/engine.h"
#include "adapters/rocksdb/engine/hot_reads.h"
#include "adapters/rocksdb/engine/reader_pool.h"
#include "adapters/rocksdb/engine/sleeper_search.h"
#include "adapters/rocksdb/engine/writes.h"

namespace herald::adapters {

using Kind = Operation::Kind;

namespace {

std::string note_key(std::string_view name) {
  return "note " + std::string(name);
}

[[nodiscard]] Result<bool> is_empty(const Database& database, Family family) {
  const std::unique_ptr<rocksdb::Iterator> it(database.db()->NewIterator({}, database.family(family)));
  it->SeekToFirst();
  if (!it->status().ok()) return std::unexpected(to_error(it->status()));
  return !it->Valid();
}

// Messages that ended have left `messages`, but their receipts stand: what lies before the last of those need not be
// looked through, nor the rows that were removed there.
[[nodiscard]] Result<std::optional<MessageId>> newest_message(const Database& database) {
  std::string last;
  // Of one moment: a commit that ends a message moves it from one family to the other.
  rocksdb::ManagedSnapshot moment(database.db());
  for (const Family family : {Family::kReceipts, Family::kMessages}) {
    rocksdb::ReadOptions options;
    options.snapshot = moment.snapshot();
    const rocksdb::Slice bound(last);
    if (!last.empty()) options.iterate_lower_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> it(database.db()->NewIterator(options, database.family(family)));
    it->SeekToLast();
    if (!it->status().ok()) return std::unexpected(to_error(it->status()));
    if (it->Valid()) last = std::max(last, it->key().ToString());
  }
  if (last.empty()) return std::nullopt;
  const auto id = last_id<MessageId>(last);
  if (!id) return std::unexpected(id.error());
  return *id;
}

}  // namespace

// Destroyed from the last to the first: the changes are applied before the readers finish, which may wait for them.
struct RocksdbStore::Parts {
  Parts(std::unique_ptr<Database> opened, std::size_t readers, const Limits& limits, const Clock& clock, Log& log,
        Metrics& metrics)
      : database(std::move(opened)),
        reads(*database, readers, log, metrics),
        engine(mailbox, *database, limits, clock, log, metrics) {}

  // First: readers may answer to the executor when nobody takes from the mailbox any more.
  EngineMailbox mailbox;
  CommitExecutor executor{mailbox};
  std::unique_ptr<Database> database;
  ReaderPool reads;
  CommitEngine engine;
  std::mutex leases_mutex;
  ServerLeases leases;
};

Result<std::unique_ptr<RocksdbStore>> RocksdbStore::open(RocksdbOptions options, const Limits& limits,
                                                         const Clock& clock, Log& log, Metrics& metrics) {
  auto database = Database::open(options, clock, log, metrics);
  if (!database) return std::unexpected(database.error());
  const std::size_t readers = options.threads ? std::max<std::size_t>(options.readers, 1) : 0;
  auto parts = std::make_unique<Parts>(std::move(*database), readers, limits, clock, log, metrics);
  if (auto started = parts->engine.start(options.threads); !started) return std::unexpected(started.error());
  return std::unique_ptr<RocksdbStore>(new RocksdbStore(std::move(parts)));
}

RocksdbStore::RocksdbStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RocksdbStore::~RocksdbStore() = default;

StoreCondition RocksdbStore::condition() const {
  return parts_->database->health().condition();
}

Executor& RocksdbStore::executor() {
  return parts_->executor;
}

void RocksdbStore::stop_tasks() {
  parts_->executor.stop();
}

bool RocksdbStore::step() {
  const bool committed = parts_->engine.step();
  return parts_->reads.step() || committed;
}

std::optional<MonoTime> RocksdbStore::next_step() {
  return parts_->engine.next_step();
}

Result<std::string> RocksdbStore::note(std::string_view name) const {
  const auto lock = parts_->database->reading();
  if (parts_->database->db() == nullptr) return fail(ErrorKind::kUnavailable, "the store is being recovered");
  std::string value;
  const auto status = parts_->database->db()->Get({}, parts_->database->family(Family::kMeta), note_key(name), &value);
  if (status.ok() || status.IsNotFound()) return value;
  return std::unexpected(to_error(status));
}

Status RocksdbStore::set_note(std::string_view name, std::string_view value) {
  const auto lock = parts_->database->reading();
  if (parts_->database->db() == nullptr) return fail(ErrorKind::kUnavailable, "the store is being recovered");
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = parts_->database->db()->Put(options, parts_->database->family(Family::kMeta), note_key(name),
                                                  rocksdb::Slice(value.data(), value.size()));
  return status.ok() ? Status{} : Status(std::unexpected(to_error(status)));
}

Result<bool> RocksdbStore::has_devices() const {
  const auto lock = parts_->database->reading();
  if (parts_->database->db() == nullptr) return fail(ErrorKind::kUnavailable, "the store is being recovered");
  for (const Family family : {Family::kAppNodes, Family::kNodes}) {
    const auto empty = is_empty(*parts_->database, family);
    if (!empty) return std::unexpected(empty.error());
    if (!*empty) return true;
  }
  return false;
}

void RocksdbStore::newest(Reply<Result<std::optional<MessageId>>> reply) {
  parts_->reads.submit([](const Database& database) { return newest_message(database); }, std::move(reply));
}

void RocksdbStore::put(Message message, Reply<Result<ports::PutOutcome>> reply) {
  parts_->engine.submit(
      Kind::kSynced,
      [message = std::make_shared<const Message>(std::move(message))](Transaction& txn) {
        return put_message(txn, message);
      },
      std::move(reply));
}

void RocksdbStore::fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) {
  parts_->engine.submit_read(FetchRead(parts_->reads, std::move(ids), now), std::move(reply));
}

void RocksdbStore::status(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  parts_->engine.submit_shown(
      [app, key = std::move(key), now](Transaction& txn) { return find_status(txn, app, key, now); }, std::move(reply));
}

void RocksdbStore::cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  parts_->engine.submit(
      Kind::kSynced, [app, key = std::move(key), now](Transaction& txn) { return cancel_message(txn, app, key, now); },
      std::move(reply));
}

void RocksdbStore::unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                            Reply<Result<std::vector<ports::Unrouted>>> reply) {
  parts_->engine.submit(
      Kind::kRead, [=](Transaction& txn) { return list_unrouted(txn, after, before, limit); }, std::move(reply));
}

void RocksdbStore::purge(WallTime now, std::chrono::milliseconds receipt_retention, std::size_t limit,
                         Reply<Result<ports::PurgeOutcome>> reply) {
  parts_->engine.submit(
      Kind::kWritten, [=](Transaction& txn) { return purge_messages(txn, now, receipt_retention, limit); },
      std::move(reply));
}

void RocksdbStore::add(std::vector<ports::NewDeliveries> entries, WallTime now,
                       Reply<Result<ports::AddOutcome>> reply) {
  parts_->engine.submit(
      Kind::kBehind,
      [entries = std::move(entries), now](Transaction& txn) { return add_deliveries(txn, entries, now); },
      std::move(reply));
}

void RocksdbStore::pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
                           Reply<Result<ports::PendingPage>> reply) {
  parts_->engine.submit_read(PendingRead(parts_->reads, user_agent, after, limit, now), std::move(reply));
}

void RocksdbStore::record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) {
  parts_->engine.submit(
      Kind::kBehind, [events = std::move(events)](Transaction& txn) { return record_events(txn, events); },
      std::move(reply));
}

void RocksdbStore::of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                              Reply<Result<ports::DeliveryPage>> reply) {
  parts_->engine.submit_read(DeliveriesRead(parts_->reads, message, after, limit, now), std::move(reply));
}

void RocksdbStore::of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now,
                              Reply<Result<ports::ReceiptPage>> reply) {
  parts_->engine.submit_shown([=](Transaction& txn) { return page_of_receipt(txn, receipt, after, limit, now); },
                              std::move(reply));
}

void RocksdbStore::forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) {
  parts_->engine.submit(
      Kind::kSynced, [=](Transaction& txn) { return forget_receipt_messages(txn, receipt, limit); }, std::move(reply));
}

void RocksdbStore::register_app(App app, UserAgentId user_agent, Reply<Status> reply) {
  parts_->engine.submit(
      Kind::kSynced,
      [app = std::move(app), user_agent](Transaction& txn) { return register_device(txn, app, user_agent); },
      std::move(reply));
}

void RocksdbStore::unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) {
  parts_->engine.submit(
      Kind::kSynced, [=](Transaction& txn) { return unregister_device(txn, app, user_agent); }, std::move(reply));
}

void RocksdbStore::find_app(AppId app, Reply<Result<App>> reply) {
  parts_->reads.submit([app](const Database& database) { return read_app(database, app); }, std::move(reply));
}

void RocksdbStore::nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit,
                            Reply<Result<ports::NodePage>> reply) {
  parts_->engine.submit_read(NodesRead(parts_->reads, app, after, limit), std::move(reply));
}

void RocksdbStore::apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
                           Reply<Result<ports::AppPage>> reply) {
  parts_->reads.submit([=](const Database& database) { return read_apps(database, user_agent, after, limit); },
                       std::move(reply));
}

void RocksdbStore::set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                                Reply<Result<Location>> reply) {
  parts_->engine.submit(
      Kind::kWritten,
      [user_agent, location = std::move(location), wake = std::move(wake)](Transaction& txn) {
        return set_device_location(txn, user_agent, location, wake);
      },
      std::move(reply));
}

void RocksdbStore::leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
                         Reply<Result<Location>> reply) {
  parts_->engine.submit(
      Kind::kWritten,
      [user_agent, server = std::move(server), connection, sleep_server = std::move(sleep_server)](Transaction& txn) {
        return leave_connection(txn, user_agent, server, connection, sleep_server);
      },
      std::move(reply));
}

void RocksdbStore::locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) {
  parts_->engine.submit_read(LocateRead(parts_->reads, std::move(user_agents)), std::move(reply));
}

void RocksdbStore::sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                            Reply<Result<std::vector<Node>>> reply) {
  std::make_shared<SleeperSearch>(parts_->reads, parts_->engine, parts_->executor, std::move(server), after, limit,
                                  std::move(reply))
      ->read_page();
}

void RocksdbStore::renew(ServerLease lease, WallTime now, Reply<Status> reply) {
  const std::lock_guard lock(parts_->leases_mutex);
  std::move(reply)(parts_->leases.renew(lease, now));
}

void RocksdbStore::release(ServerId server, std::string holder, Reply<Status> reply) {
  const std::lock_guard lock(parts_->leases_mutex);
  parts_->leases.release(server, holder);
  std::move(reply)(Status{});
}

void RocksdbStore::list(Reply<Result<std::vector<ServerLease>>> reply) {
  const std::lock_guard lock(parts_->leases_mutex);
  auto leases = parts_->leases.all();
  std::ranges::sort(leases, {}, &ServerLease::server);
  std::move(reply)(std::move(leases));
}

}  // namespace herald::adapters
