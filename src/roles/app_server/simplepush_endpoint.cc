#include "roles/app_server/simplepush_endpoint.h"

#include <expected>
#include <utility>

#include "protocol/app_server/simplepush/version.h"
#include "protocol/subscription/webpush_meta.h"
#include "roles/app_server/push_replies.h"

namespace herald::roles::app_server {

namespace subscription = protocol::subscription;
using protocol::webpush::Refusal;

void SimplePushEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method == "PUT") return put(request, std::move(responder));
  if (request.method == "OPTIONS") return responder.send(push_preflight(request));
  refusals_.add("method");
  responder.send(push_method_not_allowed("PUT"));
}

void SimplePushEndpoint::put(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (context_.draining()) return refuse(responder, draining_refusal());
  const auto endpoint = context_.tokens.read_simplepush(request.path);
  if (!endpoint) return refuse(responder, unknown_endpoint(request.path));
  const MonoTime now = context_.clock.mono();
  auto refusal = context_.rates.take_address(context_.sender_of(request), now);
  if (!refusal) refusal = context_.rates.take_subscription(endpoint->app(), now);
  if (refusal) return refuse(responder, *refusal);

  auto found = [this, endpoint = *endpoint,
                version = protocol::simplepush::parse_version(request.body, context_.clock.wall()),
                responder = std::move(responder)](Result<bool> exists) mutable {
    if (!exists) return refuse(responder, store_refusal(exists.error()));
    if (!*exists) return refuse(responder, gone_subscription());
    if (!version) return refuse(responder, version.error());
    store(endpoint, *version, std::move(responder));
  };
  context_.acceptance.find(endpoint->app(), std::move(found));
}

void SimplePushEndpoint::store(const subscription::SimplePushEndpoint& endpoint, std::uint64_t version,
                               transport::HttpResponder responder) {
  Message message;
  message.app = endpoint.app();
  message.kind = PayloadKind::kSimplePush;
  // Only the newest version counts.
  message.replace_key = "version";
  message.meta = subscription::SimplePushMeta{endpoint.channel}.encode();
  message.body = std::to_string(version);
  message.expires_at = context_.clock.wall() +
                       std::chrono::milliseconds(static_cast<std::int64_t>(context_.config.limits.retention_s) * 1000);
  context_.acceptance.accept(std::move(message),
                             [this, responder = std::move(responder)](Result<MessageId> id) mutable {
                               if (!id) return refuse(responder, store_refusal(id.error()));
                               responder.send(push_answer(200, "{}"));
                             });
}

void SimplePushEndpoint::refuse(transport::HttpResponder& responder, const Refusal& refusal) {
  refusals_.add(refusal.metric);
  responder.send(push_answer(refusal));
}

}  // namespace herald::roles::app_server
