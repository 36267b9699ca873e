#pragma once
// The driver's client pool: made from the connection string, checked at the start. Private to this folder.

#include <mongoc/mongoc.h>

#include <memory>
#include <string>

#include "adapters/mongodb/mongodb_options.h"
#include "adapters/mongodb/primary_watch.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"

namespace herald::adapters::mongodb {

class Connection {
 public:
  // Reads the connection string; opens nothing yet. A command is answered within `answer_ms`, or its connection breaks.
  // kInvalid: the string can't be used; the message says why and does not repeat it.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> make(const MongodbOptions& options, const Limits& limits,
                                                                std::size_t answer_ms);
  // The same for ordinary commands, which mongodb_timeout_ms bounds.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> make(const MongodbOptions& options, const Limits& limits) {
    return make(options, limits, limits.mongodb_timeout_ms);
  }
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  struct GiveBack {
    mongoc_client_pool_t* pool;
    void operator()(mongoc_client_t* client) const { mongoc_client_pool_push(pool, client); }
  };
  using Client = std::unique_ptr<mongoc_client_t, GiveBack>;
  // Up to mongodb_connections may be out at a time. Any thread.
  [[nodiscard]] Client client() { return {mongoc_client_pool_pop(pool_), GiveBack{pool_}}; }
  [[nodiscard]] const std::string& database() const { return database_; }
  [[nodiscard]] const std::string& servers() const { return servers_; }
  // True if the driver talks to the one server that the string names, whatever it is: a secondary too.
  [[nodiscard]] bool is_direct() const { return is_direct_; }
  // How often another primary than before was found since the start. Any thread.
  [[nodiscard]] std::uint64_t primary_changes() const { return primaries_.changes(); }

 private:
  Connection(mongoc_client_pool_t* pool, std::string database, std::string servers, bool is_direct)
      : pool_(pool), database_(std::move(database)), servers_(std::move(servers)), is_direct_(is_direct) {}

  void watch_primaries();

  PrimaryWatch primaries_;  // the pool's threads use it
  mongoc_client_pool_t* pool_;
  const std::string database_;
  const std::string servers_;
  const bool is_direct_;
};

}  // namespace herald::adapters::mongodb
