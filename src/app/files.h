#pragma once
// Small files as whole strings: base/file_text.h reads them.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/file_text.h"
#include "base/result.h"

namespace herald::app {

// Makes `file` with that content and mode, synced to disk. kConflict: it exists already; kUnavailable: it can't be
// written.
[[nodiscard]] Status write_new_file(const std::string& file, std::string_view content, mode_t mode);

}  // namespace herald::app
