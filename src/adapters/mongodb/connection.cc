#include "adapters/mongodb/connection.h"

#include <algorithm>
#include <mutex>
#include <string_view>

namespace herald::adapters::mongodb {

namespace {

using Uri = std::unique_ptr<mongoc_uri_t, decltype([](mongoc_uri_t* it) { mongoc_uri_destroy(it); })>;

// The driver may be set up once in a process, and says much on standard error by itself.
void set_up_driver() {
  static std::once_flag once;
  std::call_once(once, [] {
    mongoc_init();
    mongoc_log_set_handler([](mongoc_log_level_t, const char*, const char*, void*) {}, nullptr);
  });
}

void set_default(mongoc_uri_t* uri, const char* option, std::int32_t value) {
  if (!mongoc_uri_has_option(uri, option)) mongoc_uri_set_option_as_int32(uri, option, value);
}

// A 2xx depends on the majority's journals, and "store, then look" on reading from the primary: neither is for a
// connection string to weaken. The driver repeats nothing by itself, for it would do so with a new time for each
// attempt: Pool::attempt() repeats what is worth it, within one deadline.
void set_guarantees(mongoc_uri_t* uri, std::int32_t answer_ms) {
  mongoc_write_concern_t* writes = mongoc_write_concern_new();
  // Before the socket's time is over, so that a stalled majority is an answer and not a broken connection.
  mongoc_write_concern_set_wmajority(writes, std::max(1, answer_ms / 4 * 3));
  mongoc_write_concern_set_journal(writes, true);
  mongoc_uri_set_write_concern(uri, writes);
  mongoc_write_concern_destroy(writes);
  mongoc_read_prefs_t* reads = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
  mongoc_uri_set_read_prefs_t(uri, reads);
  mongoc_read_prefs_destroy(reads);
  mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
  mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
}

// A call's last command begins before mongodb_timeout_ms; it then looks for the primary, opens a connection and waits
// for the answer. docs/mongodb.md tells the sum.
void set_times(mongoc_uri_t* uri, const Limits& limits, std::int32_t answer_ms) {
  const auto part_ms = static_cast<std::int32_t>(std::max<std::size_t>(1, limits.mongodb_timeout_ms / 4));
  set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, part_ms);
  set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, part_ms);
  set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, answer_ms);
}

// As the driver decides it. Source:
// https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring/ (initial topology type)
[[nodiscard]] bool names_one_server(const mongoc_uri_t* uri) {
  if (mongoc_uri_has_option(uri, MONGOC_URI_DIRECTCONNECTION)) {
    return mongoc_uri_get_option_as_bool(uri, MONGOC_URI_DIRECTCONNECTION, false);
  }
  if (mongoc_uri_get_srv_hostname(uri) != nullptr || mongoc_uri_get_replica_set(uri) != nullptr) return false;
  const mongoc_host_list_t* hosts = mongoc_uri_get_hosts(uri);
  return hosts != nullptr && hosts->next == nullptr;
}

// Called by the driver, on threads of its own, when what it knows of a server has changed.
void note_primary(const mongoc_apm_server_changed_t* event) {
  const mongoc_server_description_t* server = mongoc_apm_server_changed_get_new_description(event);
  if (std::string_view(mongoc_server_description_type(server)) != "RSPrimary") return;
  bson_iter_t at;
  const bool is_elected = bson_iter_init_find(&at, mongoc_server_description_hello_response(server), "electionId") &&
                          BSON_ITER_HOLDS_OID(&at);
  char election[25] = "";
  if (is_elected) bson_oid_to_string(bson_iter_oid(&at), election);
  static_cast<PrimaryWatch*>(mongoc_apm_server_changed_get_context(event))
      ->saw(mongoc_server_description_host(server)->host_and_port, election);
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::make(const MongodbOptions& options, const Limits& limits,
                                                     std::size_t answer_ms) {
  set_up_driver();
  bson_error_t error{};
  const Uri uri(mongoc_uri_new_with_error(options.uri.c_str(), &error));
  // The driver's message may repeat a part of the string, and so of the password.
  if (!uri) {
    return fail(ErrorKind::kInvalid,
                "not a connection string; it looks like mongodb://user:password@host1,host2/?replicaSet=name&tls=true, "
                "with %40 for @ and %2F for / in a password");
  }
  set_times(uri.get(), limits, static_cast<std::int32_t>(answer_ms));
  const auto socket_ms =
      mongoc_uri_get_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, static_cast<std::int32_t>(answer_ms));
  set_guarantees(uri.get(), socket_ms);
  mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_MAXPOOLSIZE,
                                 static_cast<std::int32_t>(limits.mongodb_connections + 1));
  mongoc_client_pool_t* pool = mongoc_client_pool_new_with_error(uri.get(), &error);
  if (pool == nullptr) return fail(ErrorKind::kInvalid, error.message);
  mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2);
  mongoc_client_pool_set_appname(pool, "herald");
  std::unique_ptr<Connection> made(
      new Connection(pool, options.database, servers_of(options.uri), names_one_server(uri.get())));
  made->watch_primaries();
  return made;
}

void Connection::watch_primaries() {
  mongoc_apm_callbacks_t* callbacks = mongoc_apm_callbacks_new();
  mongoc_apm_set_server_changed_cb(callbacks, note_primary);
  mongoc_client_pool_set_apm_callbacks(pool_, callbacks, &primaries_);
  mongoc_apm_callbacks_destroy(callbacks);
}

Connection::~Connection() {
  mongoc_client_pool_destroy(pool_);
}

}  // namespace herald::adapters::mongodb

namespace herald::adapters {

std::string servers_of(const std::string& uri) {
  const std::size_t scheme_end = uri.find("://");
  if (scheme_end == std::string::npos) return "(not a connection string)";
  const std::string scheme = uri.substr(0, scheme_end + 3);
  const std::string rest = uri.substr(scheme_end + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::size_t at = rest.rfind('@', end);
  // A password with a slash that should have been escaped would be taken for a host.
  if (at == std::string::npos && rest.find('@') != std::string::npos) return scheme + "(hidden)";
  return scheme + (at == std::string::npos ? rest.substr(0, end) : rest.substr(at + 1, end - at - 1));
}

}  // namespace herald::adapters
