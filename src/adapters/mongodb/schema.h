#pragma once
// Which collections and indexes there are, and the version they were made by. Private to this folder.

#include "adapters/mongodb/connection.h"
#include "adapters/mongodb/mongodb_options.h"
#include "adapters/mongodb/session.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"

namespace herald::adapters::mongodb {

inline constexpr const char* kMessages = "messages";
inline constexpr const char* kDeliveries = "deliveries";
inline constexpr const char* kApps = "apps";
inline constexpr const char* kRegistrations = "registrations";
inline constexpr const char* kNodes = "nodes";
inline constexpr const char* kServers = "servers";
inline constexpr const char* kSchema = "schema";

// The version of every document, in its field v. Documents of later versions are refused.
inline constexpr std::int64_t kVersion = 1;

// Makes what is missing; safe to repeat, and for several processes at once. Indexes are built through `building`, whose
// commands may take mongodb_index_timeout_ms each. kConflict: a newer Herald made the database. kInvalid: the
// connection string names a member of a replica set without its set.
[[nodiscard]] Status prepare_schema(Session& database, Session& building, bool is_direct, const MongodbOptions& options,
                                    const Limits& limits, Log& log);

// The same as soon as the database is there, for up to mongodb_start_timeout_ms. Errors that time does not heal come at
// once: see MongodbStore::open().
[[nodiscard]] Status prepare_when_there(Connection& connection, const MongodbOptions& options, const Limits& limits,
                                        Log& log, Metrics& metrics);

}  // namespace herald::adapters::mongodb
