#pragma once
// docs/configuration.md, made from the option table.

#include <string>

#include "app/configuration.h"

namespace herald::app {

// The whole file, Markdown.
[[nodiscard]] std::string configuration_reference();

// What `herald check-config` prints: every option with its value and origin; those not left at their default first.
[[nodiscard]] std::string explain(const Resolved& resolved);

// The table of exit codes as plain lines, for --help.
[[nodiscard]] std::string exit_codes_text();

}  // namespace herald::app
