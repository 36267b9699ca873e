#include "roles/user_agent_ws/token_endpoint.h"

#include <utility>

namespace herald::roles::user_agent_ws {

TokenEndpoint::TokenEndpoint(const protocol::flow2012::UaTokens& tokens, RandomSource& random, Metrics& metrics)
    : tokens_(tokens),
      random_(random),
      issued_(metrics.counter("herald_tokens_issued_total", "UA tokens handed out.", {})) {}

void TokenEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  auto response = answer(request);
  response.headers.emplace_back("access-control-allow-origin", "*");
  response.headers.emplace_back("Cache-Control", "no-store");
  responder.send(std::move(response));
}

transport::HttpResponse TokenEndpoint::answer(const transport::HttpRequest& request) {
  if (request.path != "/token") return transport::text_response(404, "Not found\n");
  if (request.method == "OPTIONS") {
    transport::HttpResponse response{204, {}, {}, false};
    response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    response.headers.emplace_back("Access-Control-Allow-Headers", "*");
    response.headers.emplace_back("Access-Control-Max-Age", "86400");
    return response;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    auto response = transport::text_response(405, "Only GET gives a token\n");
    response.headers.emplace_back("Allow", "GET");
    return response;
  }
  issued_.add();
  transport::HttpResponse response{200, {}, tokens_.issue(random_), false};
  response.headers.emplace_back("Content-Type", "text/plain");
  return response;
}

}  // namespace herald::roles::user_agent_ws
