#pragma once
// Whether the files that a configuration names can be used, as `herald serve` would find at its start.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/configuration.h"

namespace herald::app {

// One line for each file that serve would refuse: the option, then what is wrong. Reads the files, writes nothing. A
// token key file that serve would make is not missed.
[[nodiscard]] std::vector<std::string> unusable_files(const Configuration& configuration);

// One line for each file with a secret that everybody may read, or others may write: the option, the file, its mode.
// Files that only a group may read are as their owner wants them.
[[nodiscard]] std::vector<std::string> exposed_files(const Configuration& configuration);

// The line of exposed_files() for one file; nothing if it is not there, no regular file or private.
[[nodiscard]] std::optional<std::string> exposed_file(std::string_view option, const std::string& file);

}  // namespace herald::app
