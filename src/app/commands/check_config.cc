#include <iostream>

#include "app/commands/commands.h"
#include "app/configuration_file.h"
#include "app/configuration_reference.h"

namespace herald::app {

int run(const CheckConfigCommand& command) {
  if (command.reference) {
    std::cout << configuration_reference();
    return 0;
  }
  const Resolved resolved = load_configuration(command.flags, command.config);
  if (resolved.errors.empty()) {
    std::cout << explain(resolved);
    return 0;
  }
  for (const auto& error : resolved.errors) report({ExitCode::kUsage, error});
  return static_cast<int>(ExitCode::kUsage);
}

}  // namespace herald::app
