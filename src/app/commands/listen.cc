#include <iostream>

#include "app/commands/awake_device.h"
#include "app/commands/client.h"
#include "app/commands/commands.h"
#include "app/commands/device_session.h"
#include "app/commands/listen_output.h"
#include "app/commands/sleeping_device.h"
#include "app/commands/webpush_device.h"
#include "app/files.h"
#include "app/option_values.h"
#include "base/crypto.h"
#include "transport/udp_socket.h"

namespace herald::app {

namespace {

template <class T>
using OrFailure = std::expected<T, Failure>;

std::unexpected<Failure> failure(ExitCode code, std::string message) {
  return std::unexpected(Failure{code, std::move(message)});
}

OrFailure<std::string> fetch_token(Client& client, const std::string& server) {
  const auto response = client.fetch("GET", server + "/token");
  if (!response) {
    return failure(response.error().kind == ErrorKind::kInvalid ? ExitCode::kUsage : ExitCode::kFailed,
                   "no token from " + server + ": " + response.error().message + advice_on(response.error()));
  }
  if (response->status == 200) return response->body;
  return failure(ExitCode::kFailed, server + " gives no token: " + refusal_reason(*response));
}

// The token kept in `file`, or a new one, kept there from now on.
OrFailure<std::string> device_token(Client& client, const std::string& server, const std::string& file) {
  if (file.empty()) return fetch_token(client, server);
  auto kept = read_file(file);
  if (!kept && kept.error().kind != ErrorKind::kNotFound) {
    return failure(ExitCode::kUsage, "--token-file: " + kept.error().message);
  }
  if (kept) {
    kept->erase(kept->find_last_not_of(" \r\n\t") + 1);
    if (kept->empty()) return failure(ExitCode::kUsage, "--token-file: " + file + " is empty; remove it");
    return *kept;
  }
  auto token = fetch_token(client, server);
  if (!token) return token;
  if (const Status written = write_new_file(file, *token + "\n", 0600); !written) {
    return failure(ExitCode::kFailed, written.error().message);
  }
  return token;
}

OrFailure<std::string> public_key(const std::string& file) {
  if (file.empty()) return std::string();
  const auto pem = read_file(file);
  if (!pem) return failure(ExitCode::kUsage, pem.error().message);
  return to_base64(as_bytes(*pem));
}

// The same for the same device, so that its URL stays; nobody else can guess it.
std::string default_app(const std::string& uatoken) {
  return "herald-listen-" + to_hex(sha256(as_bytes(uatoken))).substr(0, 32);
}

OrFailure<DeviceIdentity> identity_of(const ListenCommand& command, Client& client, const std::string& server) {
  const auto token = device_token(client, server, command.token_file);
  if (!token) return std::unexpected(token.error());
  const auto key = public_key(command.key_file);
  if (!key) return std::unexpected(key.error());
  return DeviceIdentity{.uatoken = *token,
                        .watoken = command.app.empty() ? default_app(*token) : command.app,
                        .pbkbase64 = *key,
                        .wake = std::nullopt};
}

// Pings go to one address only, and the server can't tell a sleeping device that another client took its place.
OrFailure<std::optional<FileLock>> only_sleeper(const std::string& token_file) {
  if (token_file.empty()) return std::nullopt;
  auto lock = FileLock::take(token_file);
  if (lock) return std::optional(std::move(*lock));
  if (lock.error().kind != ErrorKind::kConflict)
    return failure(ExitCode::kUsage, "--token-file: " + lock.error().message);
  return failure(ExitCode::kUsage, "--token-file: another herald listen --udp uses " + token_file +
                                       "; stop that one, or give this one another --token-file");
}

std::optional<Failure> sleep(const ListenCommand& command, Client& client, const std::string& server,
                             DeviceIdentity identity, ListenOutput& output) {
  const auto lock = only_sleeper(command.token_file);
  if (!lock) return lock.error();
  const auto at = parse_address(command.bind);
  if (!at) return Failure{ExitCode::kUsage, "--bind: " + at.error().message};
  SleepingDevice* device = nullptr;
  const auto pings = transport::UdpSocket::open(client.loop(), *at, [&device](const auto&, std::string_view datagram) {
    if (device != nullptr) device->woken(datagram);
  });
  if (!pings) return Failure{ExitCode::kCannotBind, "--bind " + command.bind + ": " + pings.error().message};
  const auto local = (*pings)->local();
  identity.wake = WakeInterface{local.ip.to_string(), local.port};
  DeviceSession session(std::move(identity), !command.no_ack);
  SleepingDevice sleeping(client, server, session, output, !command.no_ack);
  device = &sleeping;
  auto result = sleeping.run();
  device = nullptr;
  return result;
}

std::optional<Failure> wake(const ListenCommand& command, Client& client, const std::string& server,
                            DeviceIdentity identity, ListenOutput& output) {
  DeviceSession session(std::move(identity), !command.no_ack);
  return AwakeDevice(client, server, session, output).run();
}

// The one kept in `file`, or a new one.
OrFailure<WebPushIdentity> webpush_identity(const std::string& file) {
  SystemRandom random;
  const auto kept = file.empty() ? fail(ErrorKind::kNotFound, "") : read_file(file);
  if (!kept && kept.error().kind != ErrorKind::kNotFound) {
    return failure(ExitCode::kUsage, "--token-file: " + kept.error().message);
  }
  if (!kept) return WebPushIdentity::make(random);
  auto identity = WebPushIdentity::parse(*kept);
  if (!identity) return failure(ExitCode::kUsage, file + ": " + identity.error().message);
  return *identity;
}

// A key is 87 characters of base64url; anything else names a file.
OrFailure<std::string> vapid_public_key(const std::string& given) {
  if (given.empty()) return std::string();
  const auto point = from_base64url(given);
  if (point && P256PublicKey::from_point(*point)) return given;
  const auto text = read_file(given);
  if (!text) return failure(ExitCode::kUsage, "--vapid: neither a public key nor a file: " + text.error().message);
  const auto keys = parse_vapid_keys(*text);
  if (!keys) return failure(ExitCode::kUsage, given + ": " + keys.error().message);
  return to_base64url(keys->key->point());
}

int listen_webpush(const ListenCommand& command, Client& client, const std::string& server, ListenOutput& output) {
  if (command.udp) return report({ExitCode::kUsage, "--webpush and --udp exclude each other"});
  auto identity = webpush_identity(command.token_file);
  if (!identity) return report(identity.error());
  auto key = vapid_public_key(command.vapid_key);
  if (!key) return report(key.error());
  const bool kept = !identity->uaid.empty();
  WebPushDevice device(std::move(*identity), std::move(*key), !command.no_ack);
  AwakeDevice awake(client, server, device, output);
  if (!command.token_file.empty() && !kept) {
    if (const auto failed = awake.register_once()) return report(*failed);
    const Status written = write_new_file(command.token_file, device.identity().json(), 0600);
    if (!written) return report({ExitCode::kFailed, written.error().message});
  }
  const auto failed = AwakeDevice(client, server, device, output).run();
  return failed ? report(*failed) : 0;
}

}  // namespace

int run(const ListenCommand& command) {
  Client client(command.trust);
  const std::string server = base_url(command.server);
  if (command.webpush) {
    const SystemClock clock;
    ListenOutput output(std::cout, std::cerr, Terminal::of_standard_output(), clock, command.json, command.count);
    return listen_webpush(command, client, server, output);
  }
  auto identity = identity_of(command, client, server);
  if (!identity) return report(identity.error());
  const SystemClock clock;
  ListenOutput output(std::cout, std::cerr, Terminal::of_standard_output(), clock, command.json, command.count);
  const auto failed = (command.udp ? sleep : wake)(command, client, server, std::move(*identity), output);
  if (!failed) return 0;
  const std::string hint = command.token_file.empty() || failed->code == ExitCode::kUsage
                               ? ""
                               : "; remove " + command.token_file + " to become a new device";
  return report({failed->code, failed->message + hint});
}

}  // namespace herald::app
