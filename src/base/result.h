#pragma once
// Operating errors are values. The kind alone decides the reply, the log level and the connection's fate;
// the message is for people. Bugs are not errors: see check.h.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace herald {

enum class ErrorKind : std::uint8_t {
  kInvalid,       // the input breaks a rule; asking again with the same input is useless
  kUnauthorized,  // a token or signature is missing or does not verify
  kNotFound,      // the named thing does not exist (any more)
  kConflict,      // the state does not allow it
  kTooLarge,      // a size limit was passed
  kExhausted,     // a count or rate limit was passed; later may work
  kUnavailable,   // a dependency is away (disk full, broker down, draining); retry later
  kCorrupt,       // stored data is damaged; stop
  kInternal,      // none of the above
};

// The lower-case name of a kind, for logs and metric labels.
[[nodiscard]] std::string_view to_string(ErrorKind kind);

// True if the same call may succeed later without a change to its input or to what is stored: kUnavailable, kExhausted.
// Whoever repeats a call until it succeeds asks this first; otherwise one bad record would hold up everything behind
// it.
[[nodiscard]] constexpr bool may_pass(ErrorKind kind) {
  return kind == ErrorKind::kUnavailable || kind == ErrorKind::kExhausted;
}

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

// fail(ErrorKind::kInvalid, "port is not a number") converts to any Result<T>.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected<Error>(Error{kind, std::move(message)});
}

}  // namespace herald
