#pragma once
// GET /token: a new UA token, as text (docs/protocols.md; seed's wiki page, "Getting a UAtoken").

#include "base/metrics.h"
#include "base/random.h"
#include "protocol/user_agent/flow2012/ua_token.h"
#include "transport/http.h"

namespace herald::roles::user_agent_ws {

// One per loop. Answers to any page (CORS).
class TokenEndpoint final : public transport::HttpHandler {
 public:
  TokenEndpoint(const protocol::flow2012::UaTokens& tokens, RandomSource& random, Metrics& metrics);
  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  [[nodiscard]] transport::HttpResponse answer(const transport::HttpRequest& request);

  const protocol::flow2012::UaTokens& tokens_;
  RandomSource& random_;
  Counter& issued_;
};

}  // namespace herald::roles::user_agent_ws
