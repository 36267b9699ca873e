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
    24,      // LockTimeout
    43,      // CursorNotFound: the cursor's server went, or forgot it
    46,      // LockBusy
    50,      // MaxTimeMSExpired
    63,      // StaleShardVersion
    64,      // WriteConcernFailed: in the primary, not yet in the majority
    89,      // NetworkTimeout
    91,      // ShutdownInProgress
    100,     // UnsatisfiableWriteConcern: too few members are up
    112,     // WriteConflict
    133,     // FailedToSatisfyReadPreference
    134,     // ReadConcernMajorityNotAvailableYet
    150,     // StaleEpoch
    175,     // QueryPlanKilled
    189,     // PrimarySteppedDown
    202,     // NetworkInterfaceExceededTimeLimit
    237,     // CursorKilled
    262,     // ExceededTimeLimit
    276,     // IndexBuildAborted
    317,     // ConnectionPoolExpired
    365,     // TemporarilyUnavailable
    9'001,   // SocketException
    10'058,  // LegacyNotPrimary
    10'107,  // NotWritablePrimary
    11'600,  // InterruptedAtShutdown
    11'601,  // Interrupted: by an operator, or by maxTimeMS
    11'602,  // InterruptedDueToReplStateChange
    13'388,  // StaleConfig
    13'435,  // NotPrimaryNoSecondaryOk
    13'436,  // NotPrimaryOrSecondary
    14'031,  // OutOfDiskSpace
};

// "NotWritablePrimary" and "node is recovering" errors of the specification.
constexpr std::uint32_t kNoPrimary[] = {91, 189, 10'058, 10'107, 11'600, 11'602, 13'435, 13'436};

constexpr const char* kRetryLabels[] = {"RetryableWriteError", "RetryableError", "TransientTransactionError",
                                        "SystemOverloadedError"};

constexpr std::uint32_t kTooLargeCodes[] = {
    10'334,  // BSONObjectTooLarge
    17'280,  // KeyTooLong
    17'419,  // the document after an update
    17'420,  // the same
};

template <std::size_t N>
[[nodiscard]] bool is_one_of(const std::uint32_t (&codes)[N], std::uint32_t code) {
  return std::ranges::find(codes, code) != std::end(codes);
}

[[nodiscard]] bool is_login(std::uint32_t code) {
  return code == 13 || code == 18 || code == 11;  // Unauthorized, AuthenticationFailed, UserNotFound
}

[[nodiscard]] bool comes_from_server(std::uint32_t domain) {
  return domain == MONGOC_ERROR_SERVER || domain == MONGOC_ERROR_QUERY || domain == MONGOC_ERROR_COMMAND ||
         domain == MONGOC_ERROR_COLLECTION;
}

// The writes may have been made, but the majority has not confirmed them. The driver gathers those of a bulk in an
// array; a single command's reply has one.
[[nodiscard]] bool has_concern_error(const bson_t* reply) {
  if (bson_has_field(reply, "writeConcernError")) return true;
  bson_iter_t at;
  bson_iter_t each;
  return bson_iter_init_find(&at, reply, "writeConcernErrors") && bson_iter_recurse(&at, &each) &&
         bson_iter_next(&each);
}

[[nodiscard]] bool says_retry(const bson_t* reply) {
  return has_concern_error(reply) ||
         std::ranges::any_of(kRetryLabels, [&](const char* label) { return mongoc_error_has_label(reply, label); });
}

// The driver refuses to send what the server would not take.
[[nodiscard]] bool is_too_large(const bson_error_t& error) {
  if (error.domain == MONGOC_ERROR_CLIENT) return error.code == MONGOC_ERROR_CLIENT_TOO_BIG;
  return error.domain == MONGOC_ERROR_BSON && std::string_view(error.message).contains("too large");
}

// Not a refused login: the two sides understand the protocol differently.
[[nodiscard]] bool is_scram_protocol(const bson_error_t& error) {
  return error.domain == MONGOC_ERROR_SCRAM && error.code == MONGOC_ERROR_SCRAM_PROTOCOL_ERROR;
}

}  // namespace

ErrorKind kind_of_code(std::uint32_t code) {
  if (is_one_of(kPassing, code)) return ErrorKind::kUnavailable;
  if (is_login(code)) return ErrorKind::kUnauthorized;
  if (code == kDuplicateKey || code == 85 || code == 86)
    return ErrorKind::kConflict;  // IndexOptions-, KeySpecsConflict
  if (code == kNotImplemented) return ErrorKind::kInvalid;
  if (code == kNamespaceNotFound) return ErrorKind::kNotFound;
  if (is_one_of(kTooLargeCodes, code)) return ErrorKind::kTooLarge;
  return ErrorKind::kInternal;
}

ErrorKind kind_of(const bson_error_t& error, const bson_t* reply) {
  if (error.domain == MONGOC_ERROR_STREAM) return ErrorKind::kUnavailable;
  if (error.domain == MONGOC_ERROR_WRITE_CONCERN || error.domain == MONGOC_ERROR_WRITE_CONCERN_ERROR) {
    return ErrorKind::kUnavailable;
  }
  if (is_too_large(error)) return ErrorKind::kTooLarge;
  if (is_scram_protocol(error)) return ErrorKind::kInternal;
  if (error.domain == MONGOC_ERROR_SERVER_SELECTION) {
    // The driver hides a refused login behind "no suitable servers".
    const bool login = std::string_view(error.message).find("uthentication fail") != std::string_view::npos;
    return login ? ErrorKind::kUnauthorized : ErrorKind::kUnavailable;
  }
  if (error.domain == MONGOC_ERROR_CLIENT) {
    return error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE ? ErrorKind::kUnauthorized : ErrorKind::kUnavailable;
  }
  if (error.domain == MONGOC_ERROR_SCRAM || error.domain == MONGOC_ERROR_SASL) return ErrorKind::kUnauthorized;
  if (reply != nullptr && says_retry(reply)) return ErrorKind::kUnavailable;
  return comes_from_server(error.domain) ? kind_of_code(error.code) : ErrorKind::kInternal;
}

Error to_error(const bson_error_t& error, const bson_t* reply) {
  Error result{kind_of(error, reply), std::string(error.message)};
  if (is_scram_protocol(error)) {
    result.message += "; the login did not get as far as the password: this driver and the server differ in SCRAM";
  }
  return result;
}

bool is_broken_connection(const bson_error_t& error) {
  return error.domain == MONGOC_ERROR_STREAM && error.code == MONGOC_ERROR_STREAM_SOCKET;
}

bool is_no_primary(const bson_error_t& error) {
  return comes_from_server(error.domain) && is_one_of(kNoPrimary, error.code);
}

}  // namespace herald::adapters::mongodb
