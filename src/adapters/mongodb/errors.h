#pragma once
// What an error of the driver means. Private to this folder.

#include <mongoc/mongoc.h>

#include "base/result.h"

namespace herald::adapters::mongodb {

inline constexpr std::uint32_t kDuplicateKey = 11'000;
inline constexpr std::uint32_t kNotImplemented = 238;  // FerretDB: an option it does not know
inline constexpr std::uint32_t kNamespaceNotFound = 26;

// kUnavailable: retry (network, server selection, not the primary, shutting down, time over, disk full, a label that
// says so, and every write concern error, whatever errors of single writes come with it). kUnauthorized: stop (wrong or
// missing credentials). kConflict: a duplicate key, or an index that exists with other options or keys. kInvalid: an
// option that the database does not know. kTooLarge: the document. kNotFound: the collection. kInternal: the database
// refuses what was asked, for good. `reply` may be null.
// Sources: src/mongo/base/error_codes.yml of MongoDB;
// https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring/
[[nodiscard]] ErrorKind kind_of(const bson_error_t& error, const bson_t* reply);
[[nodiscard]] ErrorKind kind_of_code(std::uint32_t code);

[[nodiscard]] Error to_error(const bson_error_t& error, const bson_t* reply);

// The connection ended under a command, or gave no answer in time: what was asked may have happened. Not that none
// could be opened.
[[nodiscard]] bool is_broken_connection(const bson_error_t& error);

// The server is not, or not any more, the one that takes writes; another may be.
[[nodiscard]] bool is_no_primary(const bson_error_t& error);

}  // namespace herald::adapters::mongodb
