#pragma once
// A Web Push message as its sender sees it: DELETE /m/<token> takes it back (docs/webpush.md). 204 also if it is gone
// already; a message that replaced it is never touched.

#include "roles/app_server/push_context.h"
#include "roles/app_server/refusal_counts.h"
#include "transport/http.h"

namespace herald::roles::app_server {

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class WebPushMessageEndpoint final : public transport::HttpHandler {
 public:
  explicit WebPushMessageEndpoint(PushContext& context) : context_(context), refusals_(context.metrics) {}

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  void cancel(const transport::HttpRequest& request, transport::HttpResponder responder);
  void refuse(transport::HttpResponder& responder, const protocol::webpush::Refusal& refusal);

  PushContext& context_;
  RefusalCounts refusals_;
};

}  // namespace herald::roles::app_server
