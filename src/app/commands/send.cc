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

OrFailure signature_of(const std::string& message, const std::string& key_file) {
  if (key_file.empty()) return std::string();
  const auto pem = read_file(key_file);
  if (!pem) return failure(ExitCode::kUsage, pem.error().message);
  const auto key = PrivateKey::from_pem(*pem);
  if (!key) return failure(ExitCode::kUsage, key_file + ": " + key.error().message);
  const auto signature = (*key)->sign(as_bytes(message));
  if (!signature) return failure(ExitCode::kFailed, key_file + ": " + signature.error().message);
  return to_hex(*signature);
}

OrFailure body_of(const SendCommand& command) {
  const std::string message = message_of(command);
  const auto signature = signature_of(message, command.sign_key);
  if (!signature) return signature;
  auto body = notification_body(command, message, *signature);
  if (!body) return failure(ExitCode::kUsage, body.error().message);
  return *body;
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
  if (command.id.empty()) return report({ExitCode::kUsage, "--delete needs the --id of the message"});
  Client client(command.trust);
  return show(client.fetch("DELETE", receipt_url(base_url(command.url), command.id)), "Taken back.");
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
  if (code == 0 && !command.id.empty()) {
    std::cout << "What became of it: herald status " << base_url(command.url) << " --id " << shell_quoted(command.id)
              << '\n';
  }
  return code;
}

}  // namespace herald::app
