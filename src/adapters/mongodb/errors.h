#pragma once
// What an error of the driver means. Private to this folder.

#include <mongoc/mongoc.h>

#include "base/result.h"

namespace herald::adapters::mongodb {

inline constexpr std::uint32_t kDuplicateKey = 11'000;
inline constexpr std::uint32_t kNotImplemented = 238;  // FerretDB: an option it does not know
inline constexpr std::uint32_t kIndexOptionsConflict = 85;

// kUnavailable: retry (network, server selection, not the primary, shutting down, time over, disk full, write concern).
// kUnauthorized: stop (wrong or missing credentials). kConflict: a duplicate key, or
// an index that exists with other options. kInvalid: an option that the database does not know. kTooLarge: the
// document. kInternal: the database refuses what was asked, for good. `reply` may be null.
[[nodiscard]] ErrorKind kind_of(const bson_error_t& error, const bson_t* reply);
[[nodiscard]] ErrorKind kind_of_code(std::uint32_t code);

[[nodiscard]] Error to_error(const bson_error_t& error, const bson_t* reply);

// The connection ended under a command, or gave no answer in time: what was asked may have happened. Not that none
// could be opened.
[[nodiscard]] bool is_broken_connection(const bson_error_t& error);

}  // namespace herald::adapters::mongodb
