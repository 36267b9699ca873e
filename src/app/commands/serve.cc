#include <cstdlib>
#include <iostream>

#include "app/commands/commands.h"
#include "app/configuration_file.h"
#include "app/server.h"
#include "app/signals.h"
#include "transport/descriptor_reserve.h"

namespace herald::app {

namespace {

// The first signal drains, a second one ends the process at once: what was accepted is on disk.
std::function<void()> on_terminate(Server& server) {
  return [&server, asked = false]() mutable {
    if (asked) std::_Exit(static_cast<int>(ExitCode::kFailed));
    asked = true;
    server.drain();
  };
}

std::function<void()> on_reload(Server& server, const ServeCommand& command) {
  return [&server, &command] {
    const Resolved resolved = load_configuration(command.flags, command.config);
    for (const auto& error : resolved.errors)
      server.log().error("configuration not read again", {{"reason", std::string_view(error)}});
    if (!resolved.errors.empty()) return;
    const Status reloaded = server.reload(resolved.configuration.log_level);
    if (reloaded) return server.log().info("configuration and certificates read again", {});
    server.log().error("certificates not read again", {{"reason", std::string_view(reloaded.error().message)}});
  };
}

int serve(Server& server, const ServeCommand& command) {
  const auto signals = Signals::watch(server.control_loop(), {on_terminate(server), on_reload(server, command)});
  if (!signals) return report({ExitCode::kFailed, signals.error().message});
  std::cout << server.summary() << std::endl;
  server.run();
  return static_cast<int>(server.exit_code());
}

}  // namespace

int run(const ServeCommand& command) {
  const Resolved resolved = load_configuration(command.flags, command.config);
  if (!resolved.errors.empty()) {
    for (const auto& error : resolved.errors) report({ExitCode::kUsage, error});
    return static_cast<int>(ExitCode::kUsage);
  }
  block_signals();
  transport::raise_descriptor_limit();
  const auto server = Server::start(resolved.configuration);
  if (!server) return report(server.error());
  return serve(**server, command);
}

}  // namespace herald::app
