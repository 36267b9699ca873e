#include "roles/app_server/replies.h"

#include <string>
#include <utility>

namespace herald::roles::app_server {

namespace {

constexpr const char* kRetryAfterS = "5";
// Answers have no more than these, nearly always.
constexpr std::size_t kFieldsMost = 4;

void allow_any_origin(transport::HttpResponse& response) {
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
}

}  // namespace

transport::HttpResponse json_answer(int status, std::string body) {
  auto response = transport::json_response(status, std::move(body));
  response.headers.reserve(kFieldsMost);
  allow_any_origin(response);
  return response;
}

transport::HttpResponse refusal(int status, std::string_view reason) {
  return json_answer(status, protocol::notify::error_body(reason));
}

transport::HttpResponse refusal(const protocol::notify::Rejection& rejection) {
  return refusal(rejection.status, rejection.reason);
}

transport::HttpResponse method_not_allowed(std::string_view allow) {
  auto response = refusal(405, "Method not allowed");
  response.headers.emplace_back("Allow", std::string(allow));
  return response;
}

transport::HttpResponse try_again_later() {
  auto response = refusal(503, "Try again later");
  response.headers.emplace_back("Retry-After", kRetryAfterS);
  return response;
}

transport::HttpResponse failure(const Error& error) {
  if (error.kind == ErrorKind::kNotFound) return refusal(404, "No such message");
  if (error.kind != ErrorKind::kExhausted) return try_again_later();
  auto response = refusal(429, "Try again later");
  response.headers.emplace_back("Retry-After", kRetryAfterS);
  return response;
}

transport::HttpResponse preflight() {
  transport::HttpResponse response;
  response.status = 204;
  allow_any_origin(response);
  response.headers.emplace_back("Access-Control-Allow-Methods", "POST, GET, DELETE");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "content-type, x-id, x-title, x-priority, x-ttl, x-timestamp, x-signature");
  response.headers.emplace_back("Access-Control-Max-Age", "86400");
  return response;
}

}  // namespace herald::roles::app_server
