#include "app/commands/commands.h"

#include <iostream>

#include "app/version.h"

namespace herald::app {

int run(const VersionCommand& /*command*/) {
  std::cout << "herald " << version() << '\n';
  return 0;
}

int run(const PrintAndExit& command) {
  std::cout << command.output;
  std::cerr << command.error;
  return static_cast<int>(command.code);
}

int report(const Failure& failure) {
  std::cerr << "herald: " << failure.message << '\n';
  return static_cast<int>(failure.code);
}

}  // namespace herald::app
