#include "roles/app_server/push_replies.h"

#include <utility>

namespace herald::roles::app_server {

using protocol::webpush::Errno;
using protocol::webpush::Refusal;

namespace {

constexpr std::uint64_t kStoreRetryS = 30;
constexpr std::uint64_t kDrainRetryS = 5;

// Only what may stand in a header's name: the value goes back as it came.
bool is_header_list(std::string_view text) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_, ";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Only what tokens and the paths before them are made of.
bool may_be_endpoint(std::string_view path) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/";
  return path.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

transport::HttpResponse push_answer(int status, std::string body) {
  transport::HttpResponse response;
  if (!body.empty()) response = transport::json_response(status, std::move(body));
  response.status = status;
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "Location, TTL, Link, Retry-After, Preference-Applied, WWW-Authenticate, ETag");
  return response;
}

transport::HttpResponse push_answer(const Refusal& refusal) {
  auto response = push_answer(refusal.status, protocol::webpush::error_body(refusal));
  if (refusal.retry_after_s) response.headers.emplace_back("Retry-After", std::to_string(*refusal.retry_after_s));
  if (refusal.status == 401) response.headers.emplace_back("WWW-Authenticate", "vapid");
  if (refusal.status == 410) response.headers.emplace_back("Cache-Control", "max-age=86400");
  return response;
}

transport::HttpResponse push_preflight(const transport::HttpRequest& request) {
  const auto asked = request.header("Access-Control-Request-Headers");
  auto response = push_answer(204);
  response.headers.emplace_back("Access-Control-Allow-Methods", "DELETE, GET, POST, PUT");
  // "*" does not stand for Authorization (Fetch §3.2.6), so what was asked for is named.
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                asked && is_header_list(*asked) ? std::string(*asked) : "*");
  response.headers.emplace_back("Access-Control-Max-Age", "3600");
  return response;
}

transport::HttpResponse push_method_not_allowed(std::string_view allow) {
  auto response = push_answer(Refusal{405, std::nullopt, "Method not allowed", "method", std::nullopt});
  response.headers.emplace_back("Allow", std::string(allow) + ", OPTIONS");
  return response;
}

Refusal unknown_endpoint(std::string_view path) {
  if (!may_be_endpoint(path)) {
    return {400, std::nullopt, "The URL has a character that no endpoint has: it was changed on its way",
            "odd_endpoint", std::nullopt};
  }
  return {404, Errno::kBadEndpoint, "Not an endpoint of this server", "endpoint", std::nullopt};
}

Refusal gone_subscription() {
  return {410, Errno::kNoSuchSubscription, "The subscription is gone", "gone", std::nullopt};
}

Refusal draining_refusal() {
  return {503, Errno::kTryLater, "The server is about to restart", "draining", kDrainRetryS};
}

Refusal store_refusal(const Error& error) {
  if (error.kind == ErrorKind::kInternal || error.kind == ErrorKind::kCorrupt) {
    return {500, Errno::kInternal, "The server failed", to_string(error.kind), std::nullopt};
  }
  return {503, Errno::kTryLater, "The message can't be stored now", to_string(error.kind), kStoreRetryS};
}

}  // namespace herald::roles::app_server
