#pragma once
// How to reach the database.

#include <string>

namespace herald::adapters {

struct MongodbOptions {
  std::string uri;       // mongodb:// or mongodb+srv://, with credentials, TLS and replica set as its options
  std::string database;  // the name of the database
  // False: no document goes by MongoDB's own clock. For tests, whose clock stands still.
  bool expire_by_database = true;
};

// The servers that a connection string names, with its scheme: without user, password and options, which must not be
// shown.
[[nodiscard]] std::string servers_of(const std::string& uri);

}  // namespace herald::adapters
