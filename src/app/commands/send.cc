#include <iostream>
#include <iterator>

#include "app/commands/client.h"
#include "app/commands/commands.h"
#include "app/commands/notification_body.h"
#include "app/commands/terminal.h"
#include "app/commands/webpush_push.h"
#include "app/files.h"
#include "base/crypto.h"

namespace herald::app {

namespace {

using OrFailure = std::expected<std::string, Failure>;

std::unexpected<Failure> failure(ExitCode code, std::string message) {
  return std::unexpected(Failure{code, std::move(message)});
}

std::string message_of(const SendCommand& command) {
  if (command.message != "-") return command.message;
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

std::expected<std::unique_ptr<PrivateKey>, Failure> private_key(const std::string& file) {
  const auto pem = read_file(file);
  if (!pem) return failure(ExitCode::kUsage, pem.error().message);
  auto key = PrivateKey::from_pem(*pem);
  if (!key) return failure(ExitCode::kUsage, file + ": " + key.error().message);
  return std::move(*key);
}

OrFailure body_of(SendCommand command) {
  const std::string message = message_of(command);
  const bool is_signed = !command.sign_key.empty();
  if (is_signed && command.timestamp.empty()) command.timestamp = std::to_string(SystemClock().wall().ms);
  auto body = notification_body(command, message, "");
  if (!body) return failure(ExitCode::kUsage, body.error().message);
  if (!is_signed) return *body;
  const auto key = private_key(command.sign_key);
  if (!key) return std::unexpected(key.error());
  const auto bytes = bytes_to_sign(command.url, *body);
  if (!bytes) return failure(ExitCode::kUsage, bytes.error().message);
  const auto signature = (*key)->sign(as_bytes(*bytes));
  if (!signature) return failure(ExitCode::kFailed, command.sign_key + ": " + signature.error().message);
  return *notification_body(command, message, to_hex(*signature));
}

int show(const Result<transport::ClientResponse>& response, const std::string& done) {
  if (!response) return report(failure_of(response.error()));
  if (response->status / 100 != 2) {
    return report(
        {ExitCode::kFailed, "refused (" + std::to_string(response->status) + "): " + refusal_reason(*response)});
  }
  std::cout << Terminal::of_standard_output().good(done) << '\n';
  return 0;
}

int take_back(const SendCommand& command) {
  const bool names_message = command.url.find("/messages/") != std::string::npos;
  if (command.id.empty() && !names_message) {
    return report({ExitCode::kUsage, "--delete needs the --id of the message, or the URL that send printed for it"});
  }
  Client client(command.trust);
  const std::string url = names_message ? command.url : receipt_url(base_url(command.url), command.id);
  return show(client.fetch("DELETE", url), "Taken back.");
}

}  // namespace

int run(const SendCommand& command) {
  if (!command.subscription_file.empty()) {
    if (command.message.empty()) return send_webpush(command);
    return report({ExitCode::kUsage, "with --webpush the only text is MESSAGE; the subscription has the URL"});
  }
  if (command.take_back) return take_back(command);
  if (command.message.empty()) return report({ExitCode::kUsage, "MESSAGE is missing; try herald send --help"});
  const auto body = body_of(command);
  if (!body) return report(body.error());
  Client client(command.trust);
  const auto response = client.fetch("POST", base_url(command.url), {{"Content-Type", "application/json"}}, *body);
  const int code = show(response, "Accepted.");
  const auto location = response ? response->header("Location") : std::nullopt;
  const auto target = transport::Url::parse(command.url);
  if (code == 0 && !command.sign_key.empty() && location && target) {
    const std::string url = target->origin() + printable(*location);
    std::cout << "What became of it: herald status " << shell_quoted(url) << '\n'
              << "Take it back: herald send " << shell_quoted(url) << " --delete\n";
  } else if (code == 0 && !command.id.empty()) {
    std::cout << "What became of it: herald status " << base_url(command.url) << " --id " << shell_quoted(command.id)
              << '\n';
  }
  return code;
}

}  // namespace herald::app
