#include <iostream>

#include "app/commands/commands.h"
#include "app/configuration_file.h"
#include "app/configuration_reference.h"
#include "app/file_checks.h"

namespace herald::app {

int run(const CheckConfigCommand& command) {
  if (command.reference) {
    std::cout << configuration_reference();
    return 0;
  }
  const Resolved resolved = load_configuration(command.flags, command.config);
  const auto errors = resolved.errors.empty() ? unusable_files(resolved.configuration) : resolved.errors;
  if (errors.empty()) {
    for (const auto& line : resolved.warnings) std::cerr << "herald: warning: " << line << '\n';
    for (const auto& line : exposed_files(resolved.configuration)) std::cerr << "herald: warning: " << line << '\n';
    std::cout << explain(resolved);
    return 0;
  }
  for (const auto& error : errors) report({ExitCode::kUsage, error});
  return static_cast<int>(ExitCode::kUsage);
}

}  // namespace herald::app
