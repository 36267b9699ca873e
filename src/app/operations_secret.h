#pragma once
// The secret that changes on the operations listener ask for: the first line of a file, at least 16 characters.

#include <string>

#include "base/random.h"
#include "base/result.h"

namespace herald::app {

inline constexpr std::size_t kOperationsSecretMinBytes = 16;

// kInvalid: the first line is too short, or has a character that no HTTP header carries (33 to 126 are fine).
// kUnavailable, kNotFound: the file can't be read.
[[nodiscard]] Result<std::string> read_operations_secret(const std::string& file);

// The same; a file that does not exist is made first, with a random secret and mode 0600, durably.
[[nodiscard]] Result<std::string> read_or_make_operations_secret(const std::string& file, RandomSource& random);

}  // namespace herald::app
