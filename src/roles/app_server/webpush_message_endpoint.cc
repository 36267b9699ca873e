#include "roles/app_server/webpush_message_endpoint.h"

#include <utility>

#include "roles/app_server/push_replies.h"

namespace herald::roles::app_server {

using protocol::webpush::Refusal;

void WebPushMessageEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method == "DELETE") return cancel(request, std::move(responder));
  if (request.method == "OPTIONS") return responder.send(push_preflight(request));
  refusals_.add("method");
  responder.send(push_method_not_allowed("DELETE"));
}

void WebPushMessageEndpoint::cancel(const transport::HttpRequest& request, transport::HttpResponder responder) {
  const auto name = context_.tokens.read_message(request.path);
  if (!name) return refuse(responder, {400, std::nullopt, "Not a message of this server", "message", std::nullopt});
  if (auto refusal = context_.rates.take_address(context_.sender_of(request), context_.clock.mono())) {
    return refuse(responder, *refusal);
  }
  auto cancelled = [this, responder = std::move(responder)](Result<ports::MessageStatus> status) mutable {
    if (status || status.error().kind == ErrorKind::kNotFound) return responder.send(push_answer(204));
    refuse(responder, store_refusal(status.error()));
  };
  context_.messages.cancel(name->app, name->id.hex(), context_.clock.wall(),
                           Reply<Result<ports::MessageStatus>>(context_.loop, std::move(cancelled)));
}

void WebPushMessageEndpoint::refuse(transport::HttpResponder& responder, const Refusal& refusal) {
  refusals_.add(refusal.metric);
  responder.send(push_answer(refusal));
}

}  // namespace herald::roles::app_server
