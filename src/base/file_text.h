#pragma once
// A small file as a string.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace herald {

// Configurations, keys and the like are far smaller; a device such as /dev/zero has no end.
inline constexpr std::size_t kFileTextMaxBytes = std::size_t{16} << 20;

// All of `file`, which may also be a pipe; blocks until it ends. kNotFound: there is no such file; kUnavailable: it
// can't be read, such as a directory, or has more than kFileTextMaxBytes. The message names the file and the reason.
[[nodiscard]] Result<std::string> read_file(const std::string& file);

}  // namespace herald
