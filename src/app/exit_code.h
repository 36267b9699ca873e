#pragma once
// What the process tells its caller when it ends (docs/configuration.md lists them).

#include <string>

namespace herald::app {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,         // none of the below; for `herald send`: the server refused
  kUsage = 2,          // command line or configuration
  kCannotBind = 3,     // a listener's port is taken, or not ours to bind
  kDataUnusable = 4,   // the data folder can't be made, read or written
  kDataInUse = 5,      // another herald holds the data folder
  kDataDamaged = 6,    // the database is damaged, or of a newer format
  kServerIdTaken = 7,  // another running process has the server id
};

// Why a command could not do its work: one line for standard error that names the thing and what to do.
struct Failure {
  ExitCode code = ExitCode::kFailed;
  std::string message;
};

}  // namespace herald::app
