#pragma once
// The HTTP answers of the application server interface, in the words of the 2012 flow.

#include <string_view>

#include "base/result.h"
#include "protocol/app_server/notify/notify.h"
#include "transport/http.h"

namespace herald::roles::app_server {

// {"status": "ERROR", "reason": …} with CORS.
[[nodiscard]] transport::HttpResponse refusal(int status, std::string_view reason);
[[nodiscard]] transport::HttpResponse refusal(const protocol::notify::Rejection& rejection);
// 405 with Allow.
[[nodiscard]] transport::HttpResponse method_not_allowed(std::string_view allow);
// 503 "Try again later" with Retry-After: 5.
[[nodiscard]] transport::HttpResponse try_again_later();
// What a port's error becomes: 429 for kExhausted, 404 for kNotFound, else 503.
[[nodiscard]] transport::HttpResponse failure(const Error& error);
// The answer to a CORS preflight (Fetch standard, "CORS-preflight request").
[[nodiscard]] transport::HttpResponse preflight();
// A JSON answer with CORS.
[[nodiscard]] transport::HttpResponse json_answer(int status, std::string body);

}  // namespace herald::roles::app_server
