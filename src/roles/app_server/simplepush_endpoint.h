#pragma once
// SimplePush: PUT /spush/v1/<token> with "version=<N>" (docs/webpush.md, "SimplePush"). 200 {} once it is stored; it
// replaces the version that the device has not acked yet.

#include "roles/app_server/push_context.h"
#include "roles/app_server/refusal_counts.h"
#include "transport/http.h"

namespace herald::roles::app_server {

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class SimplePushEndpoint final : public transport::HttpHandler {
 public:
  explicit SimplePushEndpoint(PushContext& context) : context_(context), refusals_(context.metrics) {}

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  void put(const transport::HttpRequest& request, transport::HttpResponder responder);
  void store(const protocol::subscription::SimplePushEndpoint& endpoint, std::uint64_t version,
             transport::HttpResponder responder);
  void refuse(transport::HttpResponder& responder, const protocol::webpush::Refusal& refusal);

  PushContext& context_;
  RefusalCounts refusals_;
};

}  // namespace herald::roles::app_server
