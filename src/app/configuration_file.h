#pragma once
// The TOML file. Every key must be an option's path; unknown keys and wrong types are errors that name the line.

#include <string>
#include <string_view>
#include <vector>

#include "app/configuration.h"

namespace herald::app {

struct ConfigurationFile {
  Settings settings;
  std::vector<std::string> errors;  // "herald.toml:3: …"
};

// `name` is what errors and origins call the file.
[[nodiscard]] ConfigurationFile parse_configuration(std::string_view toml, const std::string& name);

// Reads and parses the file; one that can't be read is an error in the result.
[[nodiscard]] ConfigurationFile read_configuration_file(const std::string& file);

// All sources together: flags, the process's environment and `file` (empty: none). Warns about variables that no option
// has, and about a `file` with a secret that others can read.
[[nodiscard]] Resolved load_configuration(const Settings& flags, const std::string& file);

}  // namespace herald::app
