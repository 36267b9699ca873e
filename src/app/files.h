#pragma once
// Small files as whole strings.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace herald::app {

// kUnavailable: it can't be read; the message names the file and the reason.
[[nodiscard]] Result<std::string> read_file(const std::string& file);

// Makes `file` with that content and mode, synced to disk. kConflict: it exists already; kUnavailable: it can't be
// written.
[[nodiscard]] Status write_new_file(const std::string& file, std::string_view content, mode_t mode);

}  // namespace herald::app
