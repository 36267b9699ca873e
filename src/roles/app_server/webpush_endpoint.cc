#include "roles/app_server/webpush_endpoint.h"

#include <algorithm>
#include <expected>
#include <utility>

#include "base/origin.h"
#include "protocol/app_server/unifiedpush/matrix.h"
#include "protocol/subscription/webpush_meta.h"
#include "roles/app_server/push_replies.h"

namespace herald::roles::app_server {

namespace webpush = protocol::webpush;
namespace subscription = protocol::subscription;
using webpush::Errno;
using webpush::Refusal;

namespace {

Refusal unauthorized(std::string message) {
  return {401, Errno::kUnauthorized, std::move(message), "vapid", std::nullopt};
}

Refusal unknown_receipt() {
  return {400, std::nullopt, "Link names no receipt subscription of this server", "receipt_link", std::nullopt};
}

// The path of a URL below `public_url`, or of a reference without origin; empty: a URL of another server.
std::string_view path_of_link(std::string_view link, std::string_view public_url) {
  if (link.contains("://")) {
    const auto origin = Origin::parse(link);
    const auto own = Origin::parse(public_url);
    if (!origin || !own || *origin != *own) return {};
    link.remove_prefix(Origin::end_in(link));
  }
  const std::string_view prefix = public_url.substr(Origin::end_in(public_url));
  return link.starts_with(prefix) ? link.substr(prefix.size()) : link;
}

// RFC 8030 §5: a topic replaces, TTL 0 is for devices that are connected now.
Message message_of(const subscription::WebPushEndpoint& endpoint, webpush::PushRequest& push, std::string body,
                   WallTime now, const Limits& limits) {
  Message message;
  message.app = endpoint.app();
  message.kind = PayloadKind::kWebPush;
  message.urgency = push.urgency;
  message.priority = priority_of(push.urgency);
  // A colon is in no topic and no hex, so that a topic never reads as a message's id.
  if (!push.topic.empty()) message.replace_key = "topic:" + push.topic;
  message.meta = subscription::WebPushMeta{subscription::channel_text(endpoint.channel), std::move(push.encoding),
                                           std::move(push.encryption), std::move(push.crypto_key)}
                     .encode();
  message.body = std::move(body);
  message.transient = push.ttl_s == 0;
  message.expires_at = message.transient
                           ? now + std::chrono::milliseconds(limits.transient_grace_ms)
                           : now + std::chrono::milliseconds(static_cast<std::int64_t>(push.ttl_s) * 1000);
  return message;
}

}  // namespace

struct WebPushEndpoint::Posting {
  subscription::WebPushEndpoint endpoint;
  std::expected<webpush::PushRequest, Refusal> push;
  std::string body;
  transport::HttpResponder responder;
  MonoTime began;
  ReceiptId receipt{};
};

WebPushEndpoint::WebPushEndpoint(PushContext& context)
    : context_(context),
      refusals_(context.metrics),
      accept_seconds_(context.metrics.histogram(
          "herald_accept_seconds", "Time from a complete request to the answer that it is stored.",
          {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5})) {}

void WebPushEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method == "POST") return post(request, std::move(responder));
  if (request.method == "OPTIONS") return responder.send(push_preflight(request));
  if (request.method == "GET") {
    return responder.send(push_answer(200, std::string(protocol::unifiedpush::endpoint_discovery())));
  }
  refusals_.add("method");
  responder.send(push_method_not_allowed("GET, POST"));
}

void WebPushEndpoint::post(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (context_.draining()) return refuse(responder, draining_refusal());
  const auto endpoint = context_.tokens.read_webpush(request.path);
  if (!endpoint) return refuse(responder, unknown_endpoint(request.path));
  Claim claim;
  if (const auto refusal = admit(request, *endpoint, claim)) return refuse(responder, *refusal);

  const webpush::HeaderList headers(request.headers);
  auto push = webpush::parse_push(headers, as_bytes(request.body), context_.config.limits, context_.config.lenient);
  // RFC 8292 §3.2: a key that signs must not also agree.
  if (push && claim && std::ranges::equal(push->sender_key, claim->key)) {
    push = std::unexpected(Refusal{400, Errno::kCryptoHeaders, "The VAPID key must not be the message's ECDH key",
                                   "crypto_headers", std::nullopt});
  }
  auto posting = std::make_unique<Posting>(*endpoint, std::move(push), std::string(request.body), std::move(responder),
                                           context_.clock.mono());
  // A gone subscription is told before what is wrong with the message.
  context_.acceptance.find(endpoint->app(), [this, posting = std::move(posting)](Result<bool> exists) mutable {
    if (!exists) return refuse(posting->responder, store_refusal(exists.error()));
    if (!*exists) return refuse(posting->responder, gone_subscription());
    if (!posting->push) return refuse(posting->responder, posting->push.error());
    choose_receipt(std::move(posting));
  });
}

std::optional<Refusal> WebPushEndpoint::admit(const transport::HttpRequest& request,
                                              const subscription::WebPushEndpoint& endpoint, Claim& claim) {
  const MonoTime now = context_.clock.mono();
  if (auto refusal = context_.rates.take_address(context_.sender_of(request), now)) return refusal;
  auto parsed = webpush::parse_vapid(webpush::HeaderList(request.headers));
  if (!parsed) return std::move(parsed.error());
  claim = std::move(*parsed);
  if (auto refusal = authorize(endpoint, claim)) return refusal;
  if (claim) {
    if (auto refusal = context_.rates.take_key(sha256(claim->key), now)) return refusal;
  }
  return context_.rates.take_subscription(endpoint.app(), now);
}

// An unrestricted subscription needs no VAPID, but a wrong one is refused: its sender wants to be known.
std::optional<Refusal> WebPushEndpoint::authorize(const subscription::WebPushEndpoint& endpoint, const Claim& claim) {
  if (!claim) {
    if (endpoint.restricted_to) return unauthorized("Missing VAPID public key");
    return std::nullopt;
  }
  if (auto checked = context_.vapid.check(*claim); !checked) return std::move(checked.error());
  if (endpoint.restricted_to && !constant_time_equal(sha256(claim->key), *endpoint.restricted_to)) {
    return unauthorized("VAPID public key mismatch");
  }
  return std::nullopt;
}

void WebPushEndpoint::choose_receipt(std::unique_ptr<Posting> posting) {
  if (!posting->push->wants_receipt) return store(std::move(posting));
  const std::string& link = posting->push->receipt_link;
  if (link.empty()) {
    context_.random.fill(posting->receipt.bytes);
    return store(std::move(posting));
  }
  const auto receipt = context_.tokens.read_receipt(path_of_link(link, context_.config.public_url));
  if (!receipt) return refuse(posting->responder, unknown_receipt());
  posting->receipt = *receipt;
  auto looked_up = [this, posting = std::move(posting)](Result<ports::ReceiptPage> page) mutable {
    if (!page) return refuse(posting->responder, store_refusal(page.error()));
    if (page->messages.empty()) return refuse(posting->responder, unknown_receipt());
    store(std::move(posting));
  };
  context_.receipts.of_receipt(*receipt, std::nullopt, 1, context_.clock.wall(),
                               Reply<Result<ports::ReceiptPage>>(context_.loop, std::move(looked_up)));
}

void WebPushEndpoint::store(std::unique_ptr<Posting> posting) {
  Message message = message_of(posting->endpoint, *posting->push, std::move(posting->body), context_.clock.wall(),
                               context_.config.limits);
  message.receipt = posting->receipt;
  context_.acceptance.accept(std::move(message), [this, posting = std::move(posting)](Result<MessageId> id) mutable {
    accepted(std::move(posting), std::move(id));
  });
}

void WebPushEndpoint::accepted(std::unique_ptr<Posting> posting, Result<MessageId> id) {
  if (!id) return refuse(posting->responder, store_refusal(id.error()));
  accept_seconds_.observe(std::chrono::duration<double>(context_.clock.mono() - posting->began).count());
  const webpush::PushRequest& push = *posting->push;
  auto response = push_answer(push.wants_receipt ? 202 : 201);
  response.headers.emplace_back(
      "Location", context_.url_of(context_.tokens.path_of(subscription::MessageName{posting->endpoint.app(), *id})));
  response.headers.emplace_back("TTL", std::to_string(push.ttl_given ? push.ttl_s : 0));
  if (push.wants_receipt) {
    response.headers.emplace_back("Link", "<" + context_.url_of(context_.tokens.path_of(posting->receipt)) +
                                              ">; rel=\"urn:ietf:params:push:receipt\"");
    response.headers.emplace_back("Preference-Applied", "respond-async");
  }
  posting->responder.send(std::move(response));
}

void WebPushEndpoint::refuse(transport::HttpResponder& responder, const Refusal& refusal) {
  refusals_.add(refusal.metric);
  responder.send(push_answer(refusal));
}

}  // namespace herald::roles::app_server
