#include "adapters/mongodb/schema.h"

#include <chrono>
#include <map>
#include <optional>
#include <thread>

#include "adapters/mongodb/errors.h"
#include "domain/server_lease.h"

namespace herald::adapters::mongodb {

namespace {

struct Index {
  const char* collection;
  const char* name;
  std::vector<const char*> fields;  // ascending
  const char* only_with = nullptr;  // only documents that have this field
  std::optional<std::int64_t> expire_after_s = std::nullopt;
};

const Index kIndexes[] = {
    {kMessages, "unrouted", {"unrouted", "_id"}, "unrouted"},
    {kMessages, "open_ends", {"open", "ends"}, "open"},
    {kMessages, "slot", {"slot", "_id"}, "slot"},
    {kMessages, "receipt", {"log", "_id"}, "log"},
    {kDeliveries, "open_of_device", {"ua", "_id"}, "open"},
    {kRegistrations, "devices_of_app", {"app", "ua"}},
    {kRegistrations, "apps_of_device", {"ua", "app"}},
    {kNodes, "sleepers", {"sleeps", "_id"}, "sleeps"},
};

constexpr ErrorKind kUnknownOption = ErrorKind::kInvalid;  // see kind_of_code()

constexpr std::chrono::milliseconds kStartRetry{500};

// Documents go by themselves this much later than purge() would remove them: it keeps an order that an index can't.
constexpr std::int64_t kExpiryGraceS = 3'600;

[[nodiscard]] Document keys_of(const std::vector<const char*>& fields) {
  Document keys;
  for (const char* field : fields) keys.number(field, 1);
  return keys;
}

[[nodiscard]] Document description_of(const Index& index) {
  Document description;
  description.text("name", index.name).document("key", keys_of(index.fields));
  if (index.expire_after_s) description.number("expireAfterSeconds", *index.expire_after_s);
  if (index.only_with != nullptr) {
    description.document("partialFilterExpression", document_of(index.only_with, flag_of("$exists", true)));
  }
  return description;
}

// What a collection has: its indexes by their names.
using Indexes = std::map<std::string, Document, std::less<>>;

[[nodiscard]] Result<Indexes> indexes_of(Session& database, const char* collection) {
  Indexes indexes;
  const auto reply = database.command(text_of("listIndexes", collection));
  if (!reply && reply.error().kind == ErrorKind::kNotFound) return indexes;
  if (!reply) return std::unexpected(reply.error());
  for (Document& index : batch_of(Row(*reply))) {
    std::string name(Row(index).text("name").value_or(""));
    indexes.emplace(std::move(name), std::move(index));
  }
  return indexes;
}

class Indexing {
 public:
  Indexing(Session& database, Session& building, Log& log, bool in_set)
      : database_(database), building_(building), log_(log), in_set_(in_set) {}

  // Builds it unless one of its name is there. One whose documents expire is changed if ours keeps them longer: of
  // processes with different settings the longest counts, and purge() removes what the others keep shorter.
  Status make(const Index& index) {
    const auto there = indexes_of(database_, index.collection);
    if (!there) return std::unexpected(there.error());
    const auto known = there->find(index.name);
    if (known == there->end()) return build(index);
    const auto expires = Row(known->second).number("expireAfterSeconds");
    if (!index.expire_after_s || !expires || *expires >= *index.expire_after_s) return {};
    return change_expiry(index);
  }

 private:
  // A database that does not know an option of the index gets it without: it is an index still, only larger. What can't
  // expire by itself needs none.
  Status build(const Index& index) {
    Status built = build_as(index);
    if (built || built.error().kind != kUnknownOption || index.expire_after_s) {
      const bool needless = !built && built.error().kind == kUnknownOption;
      return needless ? Status{} : built;
    }
    return build_as({index.collection, index.name, index.fields});
  }

  Status build_as(const Index& index) {
    log_.info("building an index",
              {{"collection", std::string_view(index.collection)}, {"index", std::string_view(index.name)}});
    const Document indexes[] = {description_of(index)};
    Document command = text_of("createIndexes", index.collection);
    command.documents("indexes", indexes);
    // Else a member that is down holds the build up.
    if (in_set_) command.text("commitQuorum", "majority");
    const auto made = building_.write_command(command);
    if (made) return {};
    if (made.error().kind != ErrorKind::kConflict) return std::unexpected(made.error());
    // An operator's own index of the same keys serves as well.
    log_.warning("an index of other options is there, and is used",
                 {{"collection", std::string_view(index.collection)},
                  {"index", std::string_view(index.name)},
                  {"error", std::string_view(made.error().message)}});
    return {};
  }

  Status change_expiry(const Index& index) {
    Document changed = text_of("name", index.name);
    changed.number("expireAfterSeconds", *index.expire_after_s);
    Document command = text_of("collMod", index.collection);
    command.document("index", changed);
    const auto done = database_.write_command(command);
    return done ? Status{} : Status(std::unexpected(done.error()));
  }

  Session& database_;
  Session& building_;
  Log& log_;
  const bool in_set_;
};

// Before any index is touched: a newer Herald's are not ours to change. The document is read before it is made, so that
// a start without anything to make writes nothing.
Status check_version(Session& database) {
  auto there = database.find_one(kSchema, {text_of("_id", "herald"), {}});
  if (there && !*there) {
    Document ours = text_of("_id", "herald");
    ours.number("v", kVersion);
    if (auto made = database.insert(kSchema, {&ours, 1}); !made) return std::unexpected(made.error());
    there = database.find_one(kSchema, {text_of("_id", "herald"), {}});
  }
  if (!there) return std::unexpected(there.error());
  const auto version = *there ? Row(**there).number("v").value_or(0) : 0;
  if (version == kVersion) return {};
  return fail(ErrorKind::kConflict, "the database has schema version " + std::to_string(version) +
                                        ", this herald knows version " + std::to_string(kVersion));
}

// A driver that talks to one member alone reads from it when it is a secondary, and does not follow the primary.
Status check_deployment(const std::string& set, bool is_direct) {
  if (set.empty() || !is_direct) return {};
  return fail(ErrorKind::kInvalid, "the server is a member of the replica set " + set +
                                       ", and the connection string names this member alone: add replicaSet=" + set +
                                       " to it, without directConnection=true, and better all members");
}

}  // namespace

Status prepare_schema(Session& database, Session& building, bool is_direct, const MongodbOptions& options,
                      const Limits& limits, Log& log) {
  const auto hello = database.hello();
  if (!hello) return std::unexpected(hello.error());
  const std::string set(Row(*hello).text("setName").value_or(""));
  if (auto allowed = check_deployment(set, is_direct); !allowed) return allowed;
  if (auto known = check_version(database); !known) return known;
  Indexing indexing(database, building, log, !set.empty());
  for (const auto& index : kIndexes) {
    if (auto made = indexing.make(index); !made) return made;
  }
  if (!options.expire_by_database) return {};
  const auto after_s = static_cast<std::int64_t>(limits.receipt_retention_s) + kExpiryGraceS;
  const std::int64_t leases_s = std::chrono::duration_cast<std::chrono::seconds>(kLapsedLeaseKept).count();
  const Index expiring[] = {{kMessages, "expiry", {"ends"}, nullptr, after_s},
                            {kDeliveries, "expiry", {"expires"}, nullptr, after_s},
                            {kServers, "expiry", {"until"}, nullptr, leases_s}};
  for (const auto& index : expiring) {
    if (auto made = indexing.make(index); !made) return made;
  }
  return {};
}

Status prepare_when_there(Connection& connection, const MongodbOptions& options, const Limits& limits, Log& log,
                          Metrics& metrics) {
  const SystemClock clock;
  StoreMetrics counters(metrics);
  const auto client = connection.client();
  Session session(*client, connection.database(), clock, counters);
  // Its commands may take longer than a call may wait. A build that takes longer still goes on in the database.
  const auto patient = Connection::make(options, limits, limits.mongodb_index_timeout_ms);
  if (!patient) return std::unexpected(patient.error());
  const auto patient_client = (*patient)->client();
  Session building(*patient_client, connection.database(), clock, counters);
  const MonoTime give_up = clock.mono() + std::chrono::milliseconds(limits.mongodb_start_timeout_ms);
  while (true) {
    Status ready = prepare_schema(session, building, connection.is_direct(), options, limits, log);
    if (ready || ready.error().kind != ErrorKind::kUnavailable || clock.mono() >= give_up) return ready;
    log.warning("database away, trying again", {{"servers", std::string_view(connection.servers())},
                                                {"error", std::string_view(ready.error().message)}});
    std::this_thread::sleep_for(kStartRetry);
  }
}

}  // namespace herald::adapters::mongodb
