#pragma once
// NS-AS: takes notifications from application servers (docs/protocols.md).
//
//   POST /notify/<token>               accepts: stored durably, handed to newMessages, then 200 {"status": "ACCEPTED"}.
//                                      A body that is no JSON is the message; other fields are ?id= and so on, or X-Id
//   GET /notify/<token>/messages/<id>  the receipt; ?limit= (1 to 1000, default 100), ?after=<cursor of the page
//   before> DELETE on the same                 takes back what is not yet acked; answers the receipt's head
//
// Where the app has a key, the sender proves that it holds it: a POST by its signature, which is accepted once; GET and
// DELETE by ?proof=, which is in the Location of the answer to the POST and nowhere else.

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "domain/app.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_queue.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "protocol/app_server/notify/notify.h"
#include "protocol/subscription/endpoint_token.h"
#include "roles/app_server/acceptance_order.h"
#include "roles/app_server/app_cache.h"
#include "roles/app_server/notify_path.h"
#include "roles/app_server/push_acceptance.h"
#include "roles/app_server/receipt_cursor.h"
#include "roles/app_server/refusal_counts.h"
#include "transport/http.h"

namespace herald::roles::app_server {

struct NotifyConfig {
  Limits limits;
  std::size_t cached_apps_max = 10'000;
  std::string base_path = {};      // of the public URL: what a proxy takes off the path of a request; empty: nothing
  std::function<bool()> draining;  // any thread; true: nothing new is accepted. Empty: never
};

// What the endpoint works with; everything must outlive it.
struct NotifyPorts {
  ports::MessageStore& messages;
  ports::DeliveryStore& deliveries;
  ports::Directory& directory;
  ports::MessageQueue& queue;
  AcceptanceOrder& order;
  ports::ReceiptLog& receipts;
  const ReceiptCursor& cursors;
  const protocol::subscription::EndpointTokens& tokens;
  ports::StoreDeadline& deadline;
};

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class NotifyEndpoint final : public transport::HttpHandler {
 public:
  NotifyEndpoint(NotifyConfig config, NotifyPorts ports, Executor& loop, const Clock& clock, Log& log,
                 Metrics& metrics);

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  struct Posting;  // a POST on its way to the store
  struct Inquiry;  // a GET of a receipt

  // What the body says, or what a body of text and the fields beside it say.
  [[nodiscard]] std::expected<protocol::notify::Notification, protocol::notify::Rejection> read(
      const transport::HttpRequest& request) const;
  void post(const transport::HttpRequest& request, transport::HttpResponder responder);
  void look_up(AppId app, std::unique_ptr<Posting> posting);
  void check(const App& app, std::unique_ptr<Posting> posting);
  void accept_once(std::unique_ptr<Posting> posting);
  void accept(std::unique_ptr<Posting> posting);

  void receipt(const transport::HttpRequest& request, transport::HttpResponder responder);
  void show(const transport::HttpRequest& request, NotifyPath path, transport::HttpResponder responder);
  void page(std::unique_ptr<Inquiry> inquiry, ports::MessageStatus status);
  void take_back(const transport::HttpRequest& request, NotifyPath path, transport::HttpResponder responder);
  void cancel(NotifyPath path, transport::HttpResponder responder);
  // Whether the sender of the message may be who asks: anybody, if it came without a signature.
  [[nodiscard]] bool may_act(const ports::MessageStatus& status, const std::string& proof) const;

  void refuse(transport::HttpResponder& responder, const protocol::notify::Rejection& rejection);
  void fail_with(transport::HttpResponder& responder, const Error& error);

  NotifyConfig config_;
  NotifyPorts ports_;
  Executor& loop_;
  const Clock& clock_;
  Log& log_;
  AppCache apps_;
  RefusalCounts refusals_;
  PushAcceptance acceptance_;
  Histogram& accept_seconds_;
};

}  // namespace herald::roles::app_server
