#pragma once
// What each command was told, and how to run it. Each run_… prints its answers on standard output and its failures, one
// line each, on standard error, and returns the process's exit code.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/exit_code.h"

namespace herald::app {

struct ServeCommand {
  Settings flags;
  std::string config;
};
struct CheckConfigCommand {
  Settings flags;
  std::string config;
  bool reference = false;
};
// How a client command trusts servers.
struct TrustOptions {
  std::string ca_file;
  bool insecure = false;
};
struct ListenCommand {
  std::string server = "http://127.0.0.1:8080";
  std::string app;         // empty: made from the UA token
  std::string token_file;  // empty: a new device each time
  std::string key_file;    // PEM; empty: senders need no signature
  bool udp = false;
  std::string bind = "127.0.0.1:0";
  bool json = false;
  std::uint64_t count = 0;  // 0: endless
  bool no_ack = false;
  bool webpush = false;
  std::string vapid_key;  // Web Push: base64url, or a file that `herald keys --type vapid` made; empty: anybody sends
  TrustOptions trust;
};
struct SendCommand {
  std::string url;
  std::string message;
  std::string id;
  std::optional<std::uint64_t> ttl;
  std::optional<std::uint64_t> priority;
  std::string timestamp;
  bool json_message = false;
  std::string sign_key;
  bool take_back = false;
  // Web Push: then `url` is the message.
  std::string subscription_file;
  std::string vapid_file;
  std::string urgency;
  std::string topic;
  bool receipt = false;
  bool aesgcm = false;
  TrustOptions trust;
};
struct StatusCommand {
  std::string url;
  std::string id;
  TrustOptions trust;
};
struct KeysCommand {
  std::string type = "rsa";
  std::string out;
  std::string subject;  // vapid: who sends, a mailto: or https: URI
};
struct VersionCommand {};
// --help, or a mistake: already worded.
struct PrintAndExit {
  ExitCode code = ExitCode::kOk;
  std::string output;  // to standard output
  std::string error;   // to standard error
};

int run(const ServeCommand& command);
int run(const CheckConfigCommand& command);
int run(const ListenCommand& command);
int run(const SendCommand& command);
int run(const StatusCommand& command);
int run(const KeysCommand& command);
int run(const VersionCommand& command);
int run(const PrintAndExit& command);

// "herald: message" on standard error; returns the code.
int report(const Failure& failure);

}  // namespace herald::app
