#include "adapters/mongodb/schema.h"

#include <chrono>
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

[[nodiscard]] Document command_for(const char* collection, const Document& index) {
  const Document indexes[] = {Document(*index.get())};
  Document command;
  command.text("createIndexes", collection).documents("indexes", indexes);
  return command;
}

[[nodiscard]] Document keys_of(const std::vector<const char*>& fields) {
  Document keys;
  for (const char* field : fields) keys.number(field, 1);
  return keys;
}

// A database that does not know an option of the index gets it without: it is an index still, only larger.
Status create(Session& database, const Index& index) {
  Document plain;
  plain.text("name", index.name).document("key", keys_of(index.fields));
  if (index.only_with != nullptr) {
    Document partial(*plain.get());
    partial.document("partialFilterExpression", document_of(index.only_with, flag_of("$exists", true)));
    const auto made = database.command(command_for(index.collection, partial));
    if (made) return {};
    if (made.error().kind != kUnknownOption) return std::unexpected(made.error());
  }
  const auto made = database.command(command_for(index.collection, plain));
  return made ? Status{} : Status(std::unexpected(made.error()));
}

Status change_expiry(Session& database, const char* collection, std::int64_t after_s) {
  Document index;
  index.text("name", "expiry").number("expireAfterSeconds", after_s);
  Document command;
  command.text("collMod", collection).document("index", index);
  const auto changed = database.command(command);
  return changed ? Status{} : Status(std::unexpected(changed.error()));
}

// The retention may have changed since the index was made.
Status create_expiry(Session& database, const char* collection, const char* field, std::int64_t after_s) {
  Document index;
  index.text("name", "expiry").document("key", number_of(field, 1)).number("expireAfterSeconds", after_s);
  const auto made = database.command(command_for(collection, index));
  if (made || made.error().kind == kUnknownOption) return {};
  if (made.error().kind == ErrorKind::kConflict) return change_expiry(database, collection, after_s);
  return std::unexpected(made.error());
}

// Before any index is touched: a newer Herald's are not ours to change.
Status check_version(Session& database) {
  Document ours = text_of("_id", "herald");
  ours.number("v", kVersion);
  if (auto made = database.insert(kSchema, {&ours, 1}); !made) return std::unexpected(made.error());
  const auto there = database.find_one(kSchema, {text_of("_id", "herald"), {}});
  if (!there) return std::unexpected(there.error());
  const auto version = *there ? Row(**there).number("v").value_or(0) : 0;
  if (version == kVersion) return {};
  return fail(ErrorKind::kConflict, "the database has schema version " + std::to_string(version) +
                                        ", this herald knows version " + std::to_string(kVersion));
}

}  // namespace

Status prepare_schema(Session& database, const MongodbOptions& options, const Limits& limits) {
  if (auto known = check_version(database); !known) return known;
  for (const auto& index : kIndexes) {
    if (auto made = create(database, index); !made) return made;
  }
  if (!options.expire_by_database) return {};
  const auto after_s = static_cast<std::int64_t>(limits.receipt_retention_s) + kExpiryGraceS;
  if (auto made = create_expiry(database, kMessages, "ends", after_s); !made) return made;
  if (auto made = create_expiry(database, kDeliveries, "expires", after_s); !made) return made;
  const auto kept_s = std::chrono::duration_cast<std::chrono::seconds>(kLapsedLeaseKept).count();
  return create_expiry(database, kServers, "until", kept_s);
}

Status prepare_when_there(Connection& connection, const MongodbOptions& options, const Limits& limits, Log& log,
                          Metrics& metrics) {
  const SystemClock clock;
  StoreMetrics counters(metrics);
  const auto client = connection.client();
  Session session(*client, connection.database(), clock, counters);
  const MonoTime give_up = clock.mono() + std::chrono::milliseconds(limits.mongodb_start_timeout_ms);
  while (true) {
    Status ready = prepare_schema(session, options, limits);
    if (ready || ready.error().kind != ErrorKind::kUnavailable || clock.mono() >= give_up) return ready;
    log.warning("database away, trying again", {{"servers", std::string_view(connection.servers())},
                                                {"error", std::string_view(ready.error().message)}});
    std::this_thread::sleep_for(kStartRetry);
  }
}

}  // namespace herald::adapters::mongodb
