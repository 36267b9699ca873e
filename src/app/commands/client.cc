#include "app/commands/client.h"

#include <memory>
#include <optional>

#include "app/commands/terminal.h"
#include "protocol/json.h"

namespace herald::app {

namespace {
constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kReasonMaxBytes = 200;
}  // namespace

Client::Client(const TrustOptions& trust) : loop_(clock_) {
  options_.ca_file = trust.ca_file;
  options_.insecure = trust.insecure;
}

Result<transport::ClientResponse> Client::fetch(std::string method, const std::string& url, Headers headers,
                                                std::string body) {
  const auto parsed = transport::Url::parse(url);
  if (!parsed) return fail(ErrorKind::kInvalid, "'" + url + "' is not a URL such as http://127.0.0.1:8080");
  auto answer = std::make_shared<std::optional<Result<transport::ClientResponse>>>();
  transport::http_request(loop_, std::move(method), *parsed, std::move(headers), std::move(body), options_,
                          [answer](Result<transport::ClientResponse> response) { *answer = std::move(response); });
  while (!answer->has_value()) loop_.run_once(std::chrono::milliseconds(100));
  return std::move(**answer);
}

std::string refusal_reason(const transport::ClientResponse& response) {
  if (const auto document = protocol::JsonDocument::parse(response.body, kDepthMax)) {
    for (const char* key : {"reason", "message", "error"}) {
      const auto value = document->root().get(key);
      if (value && value->string()) return printable(*value->string());
    }
  }
  std::string text = response.body.substr(0, kReasonMaxBytes);
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? "HTTP status " + std::to_string(response.status) : printable(text);
}

std::string advice_on(const Error& error) {
  if (error.message.starts_with(transport::kUntrustedCertificate)) {
    return "; trust its authority with --ca FILE, or skip the check for a test with --insecure";
  }
  return error.kind == ErrorKind::kUnavailable ? "; is `herald serve` running there?" : "";
}

Failure failure_of(const Error& error) {
  return {error.kind == ErrorKind::kInvalid ? ExitCode::kUsage : ExitCode::kFailed, error.message + advice_on(error)};
}

std::string base_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace herald::app
