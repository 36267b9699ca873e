#pragma once
// Arguments to a command. CLI11 stays in the source file.

#include <string>
#include <variant>
#include <vector>

#include "app/commands/bench.h"
#include "app/commands/commands.h"

namespace herald::app {

using Command = std::variant<PrintAndExit, ServeCommand, CheckConfigCommand, ListenCommand, SendCommand, StatusCommand,
                             KeysCommand, BenchCommand, VersionCommand>;

// `arguments` without the program's name. Mistakes come back as PrintAndExit with ExitCode::kUsage.
[[nodiscard]] Command parse_command_line(std::vector<std::string> arguments);

// The whole program after main(): parse, run, exit code.
int run_program(int argc, char** argv);

}  // namespace herald::app
