#include "roles/app_server/matrix_gateway.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "protocol/subscription/webpush_meta.h"
#include "roles/app_server/push_replies.h"

namespace herald::roles::app_server {

namespace subscription = protocol::subscription;
namespace unifiedpush = protocol::unifiedpush;
using protocol::webpush::Refusal;

namespace {

constexpr std::uint64_t kRetryAfterS = 30;

// The gateway's own trouble and an endpoint's look alike to the homeserver: it keeps the pushkey and tries again.
Refusal try_later() {
  return {503, protocol::webpush::Errno::kTryLater, "Not every device could be reached", "matrix_later", kRetryAfterS};
}

Message message_of(const subscription::WebPushEndpoint& endpoint, const unifiedpush::MatrixNotification& notification,
                   WallTime now) {
  Message message;
  message.app = endpoint.app();
  message.kind = PayloadKind::kWebPush;
  message.urgency = notification.urgency;
  message.priority = priority_of(notification.urgency);
  // Not encrypted, and called so all the same, as gateways do: distributors hand the bytes on.
  message.meta = subscription::WebPushMeta{subscription::channel_text(endpoint.channel), "aes128gcm", "", ""}.encode();
  message.body = notification.body;
  message.expires_at = now + std::chrono::seconds(unifiedpush::kGatewayTtlS);
  return message;
}

}  // namespace

struct MatrixGateway::Fanout {
  unifiedpush::MatrixNotification notification;
  std::vector<ForeignVerdict> verdicts;  // by device
  std::size_t open;
  transport::HttpResponder responder;
};

MatrixGateway::MatrixGateway(PushContext& context, ForeignPush* foreign)
    : context_(context), foreign_(foreign), refusals_(context.metrics) {
  const auto url = transport::Url::parse(context.config.public_url);
  HERALD_CHECK(url.has_value(), "the public URL is checked with the configuration");
  origin_ = url->origin();
  base_path_ = url->target;
  while (base_path_.ends_with('/')) base_path_.pop_back();
}

void MatrixGateway::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method == "POST") return post(request, std::move(responder));
  if (request.method == "OPTIONS") return responder.send(push_preflight(request));
  if (request.method == "GET") {
    return responder.send(push_answer(200, std::string(unifiedpush::gateway_discovery())));
  }
  refusals_.add("method");
  responder.send(push_method_not_allowed("GET, POST"));
}

std::uint64_t MatrixGateway::body_max_bytes(std::string_view /*path*/) const {
  const Limits& limits = context_.config.limits;
  return std::max(limits.matrix_body_max_bytes, limits.http_body_max_bytes);
}

void MatrixGateway::post(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (context_.draining()) return refuse(responder, draining_refusal());
  if (auto refusal = context_.rates.take_address(context_.sender_of(request), context_.clock.mono())) {
    return refuse(responder, *refusal);
  }
  auto notification = unifiedpush::parse_matrix(request.body, context_.config.limits);
  if (!notification) return refuse(responder, notification.error());
  const std::size_t devices = notification->pushkeys.size();
  auto fanout = std::make_shared<Fanout>(std::move(*notification),
                                         std::vector<ForeignVerdict>(devices, ForeignVerdict::kRejected), devices,
                                         std::move(responder));
  for (std::size_t device = 0; device < devices; ++device) push_to(fanout, device);
}

// The origin is compared as a whole: another port, a name that only begins like ours, or a user name before ours is
// another server.
void MatrixGateway::push_to(const Shared& fanout, std::size_t device) {
  const auto url = transport::Url::parse(fanout->notification.pushkeys[device]);
  if (!url) return settle(fanout, device, ForeignVerdict::kRejected);
  if (url->origin() == origin_) {
    const std::string_view target = url->target;
    const auto endpoint = context_.tokens.read_webpush(target.starts_with(base_path_) ? target.substr(base_path_.size())
                                                                                      : std::string_view());
    // A gateway has no VAPID key, so a restricted subscription never takes its messages.
    if (!endpoint || endpoint->restricted_to) return settle(fanout, device, ForeignVerdict::kRejected);
    return push_own(fanout, device, *endpoint);
  }
  if (foreign_ == nullptr || !foreign_->allows(*url)) return settle(fanout, device, ForeignVerdict::kRejected);
  foreign_->push(*url, fanout->notification.urgency, fanout->notification.body,
                 Reply<ForeignVerdict>(context_.loop, [this, fanout, device](ForeignVerdict verdict) {
                   settle(fanout, device, verdict);
                 }));
}

void MatrixGateway::push_own(const Shared& fanout, std::size_t device, const subscription::WebPushEndpoint& endpoint) {
  if (context_.rates.take_subscription(endpoint.app(), context_.clock.mono())) {
    return settle(fanout, device, ForeignVerdict::kTryLater);
  }
  context_.acceptance.find(endpoint.app(), [this, fanout, device, endpoint](Result<bool> exists) {
    if (!exists) return settle(fanout, device, ForeignVerdict::kTryLater);
    if (!*exists) return settle(fanout, device, ForeignVerdict::kRejected);
    store(fanout, device, endpoint);
  });
}

void MatrixGateway::store(const Shared& fanout, std::size_t device, const subscription::WebPushEndpoint& endpoint) {
  context_.acceptance.accept(message_of(endpoint, fanout->notification, context_.clock.wall()),
                             [this, fanout, device](Result<MessageId> id) {
                               settle(fanout, device, id ? ForeignVerdict::kDelivered : ForeignVerdict::kTryLater);
                             });
}

void MatrixGateway::settle(const Shared& fanout, std::size_t device, ForeignVerdict verdict) {
  fanout->verdicts[device] = verdict;
  if (--fanout->open == 0) answer(*fanout);
}

void MatrixGateway::answer(Fanout& fanout) {
  std::vector<std::string> rejected;
  for (std::size_t device = 0; device < fanout.verdicts.size(); ++device) {
    if (fanout.verdicts[device] == ForeignVerdict::kTryLater) return refuse(fanout.responder, try_later());
    if (fanout.verdicts[device] == ForeignVerdict::kRejected) rejected.push_back(fanout.notification.pushkeys[device]);
  }
  fanout.responder.send(push_answer(200, unifiedpush::rejected_body(rejected)));
}

void MatrixGateway::refuse(transport::HttpResponder& responder, const Refusal& refusal) {
  refusals_.add(refusal.metric);
  responder.send(push_answer(refusal));
}

}  // namespace herald::roles::app_server
