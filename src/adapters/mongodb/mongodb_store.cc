#include "adapters/mongodb/mongodb_store.h"

#include <array>
#include <string>

#include "adapters/mongodb/connection.h"
#include "adapters/mongodb/delivery_calls.h"
#include "adapters/mongodb/directory_calls.h"
#include "adapters/mongodb/message_calls.h"
#include "adapters/mongodb/notes.h"
#include "adapters/mongodb/pool.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/server_leases.h"
#include "adapters/mongodb/upkeep_calls.h"

namespace herald::adapters {

using namespace mongodb;

namespace {

// Reads that don't share a command gain by running side by side; changes of one kind keep their order.
constexpr std::size_t kInOrder = 1;
constexpr std::size_t kSideBySide = 3;
constexpr std::size_t kLocationLanes = 4;

}  // namespace

// Destroyed from the last to the first: the pool answers what waits while the lanes are there.
struct MongodbStore::Parts {
  Parts(std::unique_ptr<Connection> made, const Limits& the_limits, const Clock& the_clock, Log& log, Metrics& metrics)
      : limits(the_limits),
        clock(the_clock),
        counters(metrics),
        connection(std::move(made)),
        pool(*connection, the_limits, the_clock, log, metrics) {}

  const Limits& limits;
  const Clock& clock;
  StoreMetrics counters;

  std::unique_ptr<Connection> connection;
  LaneOf<PutCall> puts{"put", kInOrder, put_messages, Refusals::kTemporary};
  LaneOf<FetchCall> fetches{"fetch", kSideBySide, fetch_messages};
  LaneOf<StatusCall> statuses{"status", kSideBySide, read_status};
  LaneOf<StatusCall> cancels{"cancel", kInOrder, cancel_message};
  LaneOf<UnroutedCall> unrouted{"unrouted", kInOrder, list_unrouted};
  LaneOf<NewestCall> newest{"newest", kInOrder, find_newest};
  LaneOf<PurgeCall> purges{"purge", kInOrder, purge_messages};
  LaneOf<AddCall> adds{"add", kInOrder, add_deliveries};
  LaneOf<PendingCall> pendings{"pending", kSideBySide, read_pending};
  LaneOf<RecordCall> records{"record", kInOrder, record_events};
  LaneOf<OfMessageCall> of_message{"of_message", kSideBySide, read_deliveries};
  LaneOf<ReceiptCall> of_receipt{"of_receipt", kSideBySide, read_receipt};
  LaneOf<ForgetCall> forgets{"forget_receipt", kInOrder, forget_receipts};
  LaneOf<RegistrationCall> registrations{"register", kInOrder, change_registrations};
  LaneOf<FindAppCall> find_app{"find_app", kSideBySide, find_apps};
  LaneOf<NodesOfCall> nodes_of{"nodes_of", kSideBySide, read_nodes};
  LaneOf<AppsOfCall> apps_of{"apps_of", kSideBySide, read_apps};
  std::array<LaneOf<LocationCall>, kLocationLanes> locations{
      LaneOf<LocationCall>{"set_location", kInOrder, change_locations},
      LaneOf<LocationCall>{"set_location", kInOrder, change_locations},
      LaneOf<LocationCall>{"set_location", kInOrder, change_locations},
      LaneOf<LocationCall>{"set_location", kInOrder, change_locations}};
  LaneOf<LocateCall> locates{"locate", kSideBySide, locate_devices};
  LaneOf<SleepersCall> sleepers{"sleepers", kInOrder, read_sleepers};
  LaneOf<LeaseCall> leases{"renew_lease", kInOrder, change_leases};
  LaneOf<ListLeasesCall> lease_lists{"list_leases", kInOrder, list_leases};
  Pool pool;

  // On the calling thread, past the pool.
  template <class Work>
  auto at_start(Work work) {
    const auto client = connection->client();
    Session session(*client, connection->database(), clock, counters);
    session.begin(clock.mono() + std::chrono::milliseconds(limits.mongodb_timeout_ms));
    return work(session);
  }

  [[nodiscard]] LaneOf<LocationCall>& location_lane(const UserAgentId& user_agent) {
    return locations[IdHash{}(user_agent) % kLocationLanes];
  }
};

Result<std::unique_ptr<MongodbStore>> MongodbStore::open(const MongodbOptions& options, const Limits& limits,
                                                         const Clock& clock, Log& log, Metrics& metrics) {
  auto connection = Connection::make(options, limits);
  if (!connection) return std::unexpected(connection.error());
  const std::string& servers = (*connection)->servers();
  if (auto ready = prepare_when_there(**connection, options, limits, log, metrics); !ready) {
    return fail(ready.error().kind, servers + ": " + ready.error().message);
  }
  log.info("database ready",
           {{"servers", std::string_view(servers)}, {"database", std::string_view(options.database)}});
  return std::unique_ptr<MongodbStore>(
      new MongodbStore(std::make_unique<Parts>(std::move(*connection), limits, clock, log, metrics)));
}

MongodbStore::MongodbStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
MongodbStore::~MongodbStore() = default;

Result<std::string> MongodbStore::note(std::string_view name) {
  return parts_->at_start([&](Session& database) { return read_note(database, name); });
}

Status MongodbStore::set_note(std::string_view name, std::string_view value) {
  return parts_->at_start([&](Session& database) { return write_note(database, name, value); });
}

Result<bool> MongodbStore::has_devices() {
  return parts_->at_start([](Session& database) { return any_device(database); });
}

void MongodbStore::put(Message message, Reply<Result<ports::PutOutcome>> reply) {
  parts_->pool.submit(parts_->puts, PutCall{std::move(message), std::move(reply)});
}

void MongodbStore::fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) {
  parts_->pool.submit(parts_->fetches, FetchCall{{std::move(ids), now}, std::move(reply)});
}

void MongodbStore::status(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  parts_->pool.submit(parts_->statuses, StatusCall{{app, std::move(key), now}, std::move(reply)});
}

void MongodbStore::cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  parts_->pool.submit(parts_->cancels, StatusCall{{app, std::move(key), now}, std::move(reply)});
}

void MongodbStore::unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                            Reply<Result<std::vector<ports::Unrouted>>> reply) {
  parts_->pool.submit(parts_->unrouted, UnroutedCall{{after, before, limit}, std::move(reply)});
}

void MongodbStore::newest(Reply<Result<std::optional<MessageId>>> reply) {
  parts_->pool.submit(parts_->newest, NewestCall{{}, std::move(reply)});
}

void MongodbStore::purge(WallTime now, std::chrono::milliseconds receipt_retention, std::size_t limit,
                         Reply<Result<ports::PurgeOutcome>> reply) {
  parts_->pool.submit(parts_->purges, PurgeCall{{now, receipt_retention, limit}, std::move(reply)});
}

void MongodbStore::add(std::vector<ports::NewDeliveries> entries, WallTime now,
                       Reply<Result<ports::AddOutcome>> reply) {
  parts_->pool.submit(parts_->adds, AddCall{{std::move(entries), now}, std::move(reply)});
}

void MongodbStore::pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
                           Reply<Result<ports::PendingPage>> reply) {
  parts_->pool.submit(parts_->pendings, PendingCall{{user_agent, after, limit, now}, std::move(reply)});
}

void MongodbStore::record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) {
  parts_->pool.submit(parts_->records, RecordCall{std::move(events), std::move(reply)});
}

void MongodbStore::of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                              Reply<Result<ports::DeliveryPage>> reply) {
  parts_->pool.submit(parts_->of_message, OfMessageCall{{message, after, limit, now}, std::move(reply)});
}

std::uint64_t MongodbStore::losses() const {
  return parts_->connection->primary_changes();
}

void MongodbStore::of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now,
                              Reply<Result<ports::ReceiptPage>> reply) {
  parts_->pool.submit(parts_->of_receipt, ReceiptCall{{receipt, after, limit, now}, std::move(reply)});
}

void MongodbStore::forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) {
  parts_->pool.submit(parts_->forgets, ForgetCall{{receipt, {}, limit, {}}, std::move(reply)});
}

void MongodbStore::register_app(App app, UserAgentId user_agent, Reply<Status> reply) {
  parts_->pool.submit(parts_->registrations, RegisterCall{{std::move(app), user_agent}, std::move(reply)});
}

void MongodbStore::unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) {
  parts_->pool.submit(parts_->registrations, UnregisterCall{{app, user_agent}, std::move(reply)});
}

void MongodbStore::find_app(AppId app, Reply<Result<App>> reply) {
  parts_->pool.submit(parts_->find_app, FindAppCall{app, std::move(reply)});
}

void MongodbStore::nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit,
                            Reply<Result<ports::NodePage>> reply) {
  parts_->pool.submit(parts_->nodes_of, NodesOfCall{{app, after, limit}, std::move(reply)});
}

void MongodbStore::apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
                           Reply<Result<ports::AppPage>> reply) {
  parts_->pool.submit(parts_->apps_of, AppsOfCall{{user_agent, after, limit}, std::move(reply)});
}

void MongodbStore::set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                                Reply<Result<Location>> reply) {
  parts_->pool.submit(parts_->location_lane(user_agent),
                      SetLocationCall{{user_agent, std::move(location), std::move(wake)}, std::move(reply)});
}

void MongodbStore::leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
                         Reply<Result<Location>> reply) {
  parts_->pool.submit(
      parts_->location_lane(user_agent),
      LeaveCall{{user_agent, std::move(server), connection, std::move(sleep_server)}, std::move(reply)});
}

void MongodbStore::locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) {
  parts_->pool.submit(parts_->locates, LocateCall{std::move(user_agents), std::move(reply)});
}

void MongodbStore::sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                            Reply<Result<std::vector<Node>>> reply) {
  parts_->pool.submit(parts_->sleepers, SleepersCall{{std::move(server), after, limit}, std::move(reply)});
}

void MongodbStore::renew(ServerLease lease, WallTime now, Reply<Status> reply) {
  parts_->pool.submit(parts_->leases, RenewCall{{std::move(lease), now}, std::move(reply)});
}

void MongodbStore::release(ServerId server, std::string holder, Reply<Status> reply) {
  parts_->pool.submit(parts_->leases, ReleaseCall{{std::move(server), std::move(holder)}, std::move(reply)});
}

void MongodbStore::list(Reply<Result<std::vector<ServerLease>>> reply) {
  parts_->pool.submit(parts_->lease_lists, ListLeasesCall{{}, std::move(reply)});
}

}  // namespace herald::adapters
