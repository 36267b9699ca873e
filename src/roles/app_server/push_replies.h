#pragma once
// The HTTP responses that the push endpoints share. Every one may be read by web pages of any origin.

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/app_server/webpush/refusal.h"
#include "transport/http.h"

namespace herald::roles::app_server {

[[nodiscard]] transport::HttpResponse push_answer(int status, std::string body = {});
// With the JSON body, and Retry-After, WWW-Authenticate and Cache-Control where the status asks for them.
[[nodiscard]] transport::HttpResponse push_answer(const protocol::webpush::Refusal& refusal);
// The answer to OPTIONS: any origin, any header.
[[nodiscard]] transport::HttpResponse push_preflight(const transport::HttpRequest& request);
// `allow` lists the methods, without OPTIONS, which is added.
[[nodiscard]] transport::HttpResponse push_method_not_allowed(std::string_view allow);

// For a path that is no endpoint of this server: 404; 400 if it has characters that no endpoint of any server has, for
// then it was changed on its way, and senders delete subscriptions on 404.
[[nodiscard]] protocol::webpush::Refusal unknown_endpoint(std::string_view path);
[[nodiscard]] protocol::webpush::Refusal gone_subscription();  // 410
[[nodiscard]] protocol::webpush::Refusal draining_refusal();   // 503
// 503 for what may pass, 500 for the rest.
[[nodiscard]] protocol::webpush::Refusal store_refusal(const Error& error);

}  // namespace herald::roles::app_server
