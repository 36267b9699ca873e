#include "app/commands/webpush_push.h"

#include <iostream>
#include <iterator>

#include "app/commands/client.h"
#include "app/commands/terminal.h"
#include "app/files.h"
#include "protocol/app_server/webpush/vapid.h"

namespace herald::app {

namespace {

namespace ece = protocol::ece;

constexpr std::uint64_t kTtlDefaultS = 2'419'200;
constexpr std::int64_t kVapidValidS = 12 * 3'600;

std::string standard_input() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

Result<std::string> read_text(const std::string& file) {
  if (file == "-") return standard_input();
  return read_file(file);
}

Status add_payload(WebPushRequest& request, const SendCommand& command, const WebPushTarget& target,
                   const std::string& message, RandomSource& random) {
  if (message.empty()) return {};
  if (target.keys.public_key.empty()) {
    return fail(ErrorKind::kInvalid, "the subscription has no keys, so it takes no payload");
  }
  ece::Salt salt{};
  random.fill(salt);
  const auto sender = P256PrivateKey::generate();
  if (command.aesgcm) {
    auto sealed = ece::encrypt_aesgcm(as_bytes(message), target.keys, *sender, salt);
    if (!sealed) return std::unexpected(sealed.error());
    request.body = as_text(sealed->body);
    request.headers.emplace_back("Content-Encoding", "aesgcm");
    request.headers.emplace_back("Encryption", sealed->encryption);
    request.headers.emplace_back("Crypto-Key", sealed->crypto_key);
    return {};
  }
  const auto sealed = ece::encrypt_aes128gcm(as_bytes(message), target.keys, *sender, salt);
  if (!sealed) return std::unexpected(sealed.error());
  request.body = as_text(*sealed);
  request.headers.emplace_back("Content-Encoding", "aes128gcm");
  return {};
}

Result<VapidKeys> read_vapid(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  auto keys = parse_vapid_keys(*text);
  if (!keys) return fail(ErrorKind::kInvalid, file + ": " + keys.error().message);
  return keys;
}

struct Prepared {
  std::string url;
  WebPushRequest request;
};

Result<Prepared> prepare(const SendCommand& command) {
  const auto text = read_text(command.subscription_file);
  if (!text) return std::unexpected(text.error());
  const auto target = parse_subscription(*text);
  if (!target) return fail(ErrorKind::kInvalid, command.subscription_file + ": " + target.error().message);
  VapidKeys vapid;
  if (!command.vapid_file.empty()) {
    auto keys = read_vapid(command.vapid_file);
    if (!keys) return std::unexpected(keys.error());
    vapid = std::move(*keys);
  }
  // The only text besides the options is the message.
  const std::string message = command.url == "-" ? standard_input() : command.url;
  SystemRandom random;
  auto request =
      make_webpush_request(command, *target, message, vapid.key ? &vapid : nullptr, random, SystemClock().wall());
  if (!request) return std::unexpected(request.error());
  return Prepared{target->endpoint, std::move(*request)};
}

void show_receipt(const transport::ClientResponse& response) {
  const auto location = response.header("Location");
  if (location) std::cout << "Take it back: curl -X DELETE " << printable(*location) << '\n';
  const std::string_view link = response.header("Link").value_or("");
  const auto begin = link.find('<');
  const auto end = link.find('>');
  if (begin == std::string_view::npos || end == std::string_view::npos) return;
  std::cout << "What became of it: curl " << printable(std::string(link.substr(begin + 1, end - begin - 1))) << '\n';
}

}  // namespace

Result<WebPushRequest> make_webpush_request(const SendCommand& command, const WebPushTarget& target,
                                            const std::string& message, const VapidKeys* vapid, RandomSource& random,
                                            WallTime now) {
  const auto url = transport::Url::parse(target.endpoint);
  if (!url) return fail(ErrorKind::kInvalid, "the endpoint is not a URL: " + url.error().message);
  WebPushRequest request;
  request.headers.emplace_back("TTL", std::to_string(command.ttl.value_or(kTtlDefaultS)));
  if (!command.urgency.empty()) request.headers.emplace_back("Urgency", command.urgency);
  if (!command.topic.empty()) request.headers.emplace_back("Topic", command.topic);
  if (command.receipt) request.headers.emplace_back("Prefer", "respond-async");
  if (const Status added = add_payload(request, command, target, message, random); !added) {
    return std::unexpected(added.error());
  }
  if (vapid != nullptr) {
    request.headers.emplace_back(
        "Authorization",
        protocol::webpush::make_vapid(*vapid->key, url->origin(), vapid->subject, now.ms / 1000 + kVapidValidS));
  }
  return request;
}

int send_webpush(const SendCommand& command) {
  auto prepared = prepare(command);
  if (!prepared) return report({ExitCode::kUsage, prepared.error().message});
  Client client(command.trust);
  const auto response =
      client.fetch("POST", prepared->url, std::move(prepared->request.headers), std::move(prepared->request.body));
  if (!response) return report(failure_of(response.error()));
  if (response->status / 100 != 2) {
    return report(
        {ExitCode::kFailed, "refused (" + std::to_string(response->status) + "): " + refusal_reason(*response)});
  }
  std::cout << Terminal::of_standard_output().good("Accepted.") << '\n';
  show_receipt(*response);
  return 0;
}

}  // namespace herald::app
