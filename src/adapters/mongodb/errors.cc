#include "adapters/mongodb/errors.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace herald::adapters::mongodb {

namespace {

// Codes of src/mongo/base/error_codes.yml that pass by themselves.
constexpr std::uint32_t kPassing[] = {
    6,       // HostUnreachable
    7,       // HostNotFound
    46,      // LockBusy
    50,      // MaxTimeMSExpired
    64,      // WriteConcernFailed: in the primary, not yet in the majority
    89,      // NetworkTimeout
    91,      // ShutdownInProgress
    100,     // UnsatisfiableWriteConcern: too few members are up
    112,     // WriteConflict
    133,     // FailedToSatisfyReadPreference
    134,     // ReadConcernMajorityNotAvailableYet
    189,     // PrimarySteppedDown
    262,     // ExceededTimeLimit
    9'001,   // SocketException
    10'058,  // LegacyNotPrimary
    10'107,  // NotWritablePrimary
    11'600,  // InterruptedAtShutdown
    11'602,  // InterruptedDueToReplStateChange
    13'388,  // StaleConfig
    13'435,  // NotPrimaryNoSecondaryOk
    13'436,  // NotPrimaryOrSecondary
    14'031,  // OutOfDiskSpace
};

[[nodiscard]] bool is_login(std::uint32_t code) {
  return code == 13 || code == 18 || code == 11;  // Unauthorized, AuthenticationFailed, UserNotFound
}

[[nodiscard]] bool comes_from_server(std::uint32_t domain) {
  return domain == MONGOC_ERROR_SERVER || domain == MONGOC_ERROR_QUERY || domain == MONGOC_ERROR_COMMAND ||
         domain == MONGOC_ERROR_WRITE_CONCERN || domain == MONGOC_ERROR_WRITE_CONCERN_ERROR ||
         domain == MONGOC_ERROR_COLLECTION;
}

}  // namespace

ErrorKind kind_of_code(std::uint32_t code) {
  if (std::ranges::find(kPassing, code) != std::end(kPassing)) return ErrorKind::kUnavailable;
  if (is_login(code)) return ErrorKind::kUnauthorized;
  if (code == kDuplicateKey || code == kIndexOptionsConflict) return ErrorKind::kConflict;
  if (code == kNotImplemented) return ErrorKind::kInvalid;
  if (code == 10'334 || code == 17'419 || code == 17'420) return ErrorKind::kTooLarge;
  return ErrorKind::kInternal;
}

ErrorKind kind_of(const bson_error_t& error, const bson_t* reply) {
  if (error.domain == MONGOC_ERROR_STREAM) return ErrorKind::kUnavailable;
  if (error.domain == MONGOC_ERROR_SERVER_SELECTION) {
    // The driver hides a refused login behind "no suitable servers".
    const bool login = std::string_view(error.message).find("uthentication fail") != std::string_view::npos;
    return login ? ErrorKind::kUnauthorized : ErrorKind::kUnavailable;
  }
  if (error.domain == MONGOC_ERROR_CLIENT) {
    return error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE ? ErrorKind::kUnauthorized : ErrorKind::kUnavailable;
  }
  if (error.domain == MONGOC_ERROR_SCRAM || error.domain == MONGOC_ERROR_SASL) return ErrorKind::kUnauthorized;
  if (reply != nullptr &&
      (mongoc_error_has_label(reply, "RetryableWriteError") || mongoc_error_has_label(reply, "RetryableError"))) {
    return ErrorKind::kUnavailable;
  }
  return comes_from_server(error.domain) ? kind_of_code(error.code) : ErrorKind::kInternal;
}

Error to_error(const bson_error_t& error, const bson_t* reply) {
  return {kind_of(error, reply), std::string(error.message)};
}

bool is_broken_connection(const bson_error_t& error) {
  return error.domain == MONGOC_ERROR_STREAM && error.code == MONGOC_ERROR_STREAM_SOCKET;
}

}  // namespace herald::adapters::mongodb
