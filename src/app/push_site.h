#pragma once
// What application servers of Web Push, SimplePush and Matrix reach on one loop.

#include <string>

#include "app/deadline_store.h"
#include "app/services.h"
#include "roles/app_server/matrix_gateway.h"
#include "roles/app_server/simplepush_endpoint.h"
#include "roles/app_server/webpush_endpoint.h"
#include "roles/app_server/webpush_message_endpoint.h"
#include "roles/app_server/webpush_receipt_endpoint.h"
#include "transport/event_loop.h"

namespace herald::app {

// Made, used and destroyed on the loop's thread, or while that does not run.
class PushSite {
 public:
  PushSite(Services& services, transport::EventLoop& loop, DeadlineStore& store, ports::StoreDeadline& deadline);
  PushSite(const PushSite&) = delete;
  PushSite& operator=(const PushSite&) = delete;

  void add_to(transport::HttpRouter& router);

 private:
  roles::app_server::PushAcceptance acceptance_;
  roles::app_server::VapidChecker vapid_;
  roles::app_server::PushContext context_;
  roles::app_server::WebPushEndpoint webpush_;
  roles::app_server::WebPushMessageEndpoint messages_;
  roles::app_server::WebPushReceiptEndpoint receipts_;
  roles::app_server::SimplePushEndpoint simplepush_;
  roles::app_server::MatrixGateway matrix_;
};

}  // namespace herald::app
