#pragma once
// Answers whatever else is asked of the application server interface (row S12).

#include "transport/http.h"

namespace herald::roles::app_server {

// 404 "Only notify by this interface" to a POST; to anything else a short 404 text.
class OnlyNotifyEndpoint final : public transport::HttpHandler {
 public:
  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;
};

}  // namespace herald::roles::app_server
