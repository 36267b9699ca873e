#pragma once
// The push resource of Web Push (RFC 8030 §5; docs/webpush.md): /wpush/v1/<token> and /wpush/v2/<token>.
//
//   POST     201 with Location and TTL once the message is stored; 202 with a receipt subscription if asked for
//   GET      UnifiedPush discovery, the same for every token
//   OPTIONS  what web pages may do: everything

#include <memory>
#include <optional>
#include <string>

#include "protocol/app_server/webpush/push_request.h"
#include "protocol/app_server/webpush/vapid.h"
#include "roles/app_server/push_context.h"
#include "roles/app_server/refusal_counts.h"
#include "transport/http.h"

namespace herald::roles::app_server {

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class WebPushEndpoint final : public transport::HttpHandler {
 public:
  explicit WebPushEndpoint(PushContext& context);

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  struct Posting;  // a POST on its way to the store
  using Claim = std::optional<protocol::webpush::VapidClaim>;

  void post(const transport::HttpRequest& request, transport::HttpResponder responder);
  // Who may send, and how fast; nullopt: go on.
  [[nodiscard]] std::optional<protocol::webpush::Refusal> admit(const transport::HttpRequest& request,
                                                                const protocol::subscription::WebPushEndpoint& endpoint,
                                                                Claim& claim);
  [[nodiscard]] std::optional<protocol::webpush::Refusal> authorize(
      const protocol::subscription::WebPushEndpoint& endpoint, const Claim& claim);
  void choose_receipt(std::unique_ptr<Posting> posting);
  void store(std::unique_ptr<Posting> posting);
  void accepted(std::unique_ptr<Posting> posting, Result<MessageId> id);
  void refuse(transport::HttpResponder& responder, const protocol::webpush::Refusal& refusal);

  PushContext& context_;
  RefusalCounts refusals_;
  Histogram& accept_seconds_;
};

}  // namespace herald::roles::app_server
