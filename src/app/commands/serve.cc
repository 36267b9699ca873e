#include <sys/stat.h>

#include <cstdlib>
#include <iostream>

#include "app/commands/commands.h"
#include "app/configuration_file.h"
#include "app/server.h"
#include "app/signals.h"
#include "transport/descriptor_reserve.h"
#include "transport/tls_context.h"

namespace herald::app {

namespace {

// What was accepted is on disk.
void end_at_once() {
  std::_Exit(static_cast<int>(ExitCode::kFailed));
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

int serve(Server& server, const ServeCommand& command, Signals& signals) {
  signals.deliver_to(server.control_loop(),
                     {.terminate = [&server] { server.drain(); }, .reload = on_reload(server, command)});
  std::cout << server.summary() << std::endl;
  server.run();
  signals.stop_delivery();
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
  transport::never_ask_for_passphrases();
  // What this process makes holds messages and secrets: nobody else reads it.
  ::umask(S_IRWXG | S_IRWXO);
  const auto signals = Signals::watch(end_at_once);
  if (!signals) return report({ExitCode::kFailed, signals.error().message});
  const auto server = Server::start(resolved.configuration);
  if (!server) return report(server.error());
  for (const auto& line : resolved.warnings) (*server)->log().warning("check the configuration", {{"reason", line}});
  return serve(**server, command, **signals);
}

}  // namespace herald::app
