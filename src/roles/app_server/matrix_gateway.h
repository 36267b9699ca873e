#pragma once
// The Matrix push gateway of UnifiedPush (docs/webpush.md, "UnifiedPush"): /_matrix/push/v1/notify.
//
//   GET   {"unifiedpush":{"gateway":"matrix"}}
//   POST  one message for each device whose pushkey is an endpoint of this server, stored before the answer
//         {"rejected":[…]}. Pushkeys of hosts that the operator named are sent on; all others are rejected without any
//         request. 503 or 429 if one should be tried again.

#include <memory>
#include <string>

#include "protocol/app_server/unifiedpush/matrix.h"
#include "roles/app_server/foreign_push.h"
#include "roles/app_server/push_context.h"
#include "roles/app_server/refusal_counts.h"
#include "transport/http.h"

namespace herald::roles::app_server {

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class MatrixGateway final : public transport::HttpHandler {
 public:
  // `foreign` null: no other server may be reached.
  MatrixGateway(PushContext& context, ForeignPush* foreign);

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;
  // Longer than elsewhere: a homeserver would repeat a refused event for a day, and any member of a room can write one
  // as long as Matrix allows.
  [[nodiscard]] std::uint64_t body_max_bytes(std::string_view path) const override;

 private:
  struct Fanout;  // one request on its way to all its devices
  using Shared = std::shared_ptr<Fanout>;

  void post(const transport::HttpRequest& request, transport::HttpResponder responder);
  void push_to(const Shared& fanout, std::size_t device);
  void push_own(const Shared& fanout, std::size_t device, const protocol::subscription::WebPushEndpoint& endpoint);
  void store(const Shared& fanout, std::size_t device, const protocol::subscription::WebPushEndpoint& endpoint);
  void settle(const Shared& fanout, std::size_t device, ForeignVerdict verdict);
  void answer(Fanout& fanout);
  void refuse(transport::HttpResponder& responder, const protocol::webpush::Refusal& refusal);

  PushContext& context_;
  ForeignPush* foreign_;
  std::string origin_;     // of the public URL
  std::string base_path_;  // of the public URL, without a slash at its end
  RefusalCounts refusals_;
};

}  // namespace herald::roles::app_server
