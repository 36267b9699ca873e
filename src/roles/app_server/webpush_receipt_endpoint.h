#pragma once
// A receipt subscription (RFC 8030 §5.1, §6.3; docs/webpush.md, "Receipts"): /r/<token>.
//
//   GET     what became of the messages sent under it, as JSON with an ETag. With If-None-Match it waits until that
//           changes, at most receipt_wait_ms or what "Prefer: wait=<seconds>" says, then 304. ?limit= (1 to 1000,
//           default 100), ?after=<the last path segment of a message's location>
//           With "Accept: text/event-stream" a stream of events: receipt_streams.h
//   DELETE  ends it; the messages live on

#include <memory>

#include "roles/app_server/push_context.h"
#include "roles/app_server/receipt_streams.h"
#include "roles/app_server/refusal_counts.h"
#include "transport/http.h"

namespace herald::roles::app_server {

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class WebPushReceiptEndpoint final : public transport::HttpHandler {
 public:
  explicit WebPushReceiptEndpoint(PushContext& context);

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;
  // How many requests wait for a change.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  // How many streams are open.
  [[nodiscard]] std::size_t streams() const { return streams_.open(); }

 private:
  struct Watch;  // a GET that looks, and perhaps waits and looks again

  void show(const transport::HttpRequest& request, transport::HttpResponder responder);
  void look(std::unique_ptr<Watch> watch);
  void looked(std::unique_ptr<Watch> watch, const ports::ReceiptPage& page);
  void wait(std::unique_ptr<Watch> watch, std::string etag);
  void end(const ReceiptId& receipt, transport::HttpResponder responder);
  [[nodiscard]] std::string body_of(const Watch& watch, const ports::ReceiptPage& page) const;
  void refuse(transport::HttpResponder& responder, const protocol::webpush::Refusal& refusal);

  PushContext& context_;
  RefusalCounts refusals_;
  ReceiptStreams streams_;
  std::size_t waiting_ = 0;
};

}  // namespace herald::roles::app_server
