#include "roles/app_server/only_notify_endpoint.h"

#include "roles/app_server/replies.h"

namespace herald::roles::app_server {

void OnlyNotifyEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method == "POST") return responder.send(refusal(404, "Only notify by this interface"));
  responder.send(transport::text_response(404, "Not found\n"));
}

}  // namespace herald::roles::app_server
