#include "roles/app_server/webpush_receipt_endpoint.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/crypto.h"
#include "protocol/app_server/webpush/header_list.h"
#include "protocol/app_server/webpush/receipt.h"
#include "roles/app_server/push_replies.h"
#include "roles/app_server/receipt_row.h"
#include "transport/entity_tag.h"

namespace herald::roles::app_server {

namespace webpush = protocol::webpush;
namespace subscription = protocol::subscription;
using webpush::Refusal;

namespace {

constexpr std::size_t kPageDefault = 100;
constexpr std::size_t kPageMost = 1'000;
constexpr std::size_t kForgottenAtOnce = 1'000;
constexpr std::size_t kEtagBytes = 16;

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// RFC 7240 §4.3.
std::optional<std::uint64_t> preferred_wait_s(const webpush::HeaderList& headers) {
  const auto prefer = headers.merged("Prefer");
  if (!prefer) return std::nullopt;
  for (const std::string_view preference : webpush::split_outside_quotes(*prefer, ',')) {
    const auto parameter = webpush::parse_parameter(preference);
    if (parameter && parameter->name == "wait") return whole_number(parameter->value);
  }
  return std::nullopt;
}

std::string etag_of(std::string_view body) {
  return '"' + to_hex(ByteView(sha256(as_bytes(body))).first(kEtagBytes)) + '"';
}

// What a 304 repeats of the 200 (RFC 9110 §15.4.5).
transport::HttpResponse described(transport::HttpResponse response, std::string etag) {
  response.headers.emplace_back("ETag", std::move(etag));
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

}  // namespace

struct WebPushReceiptEndpoint::Watch {
  ReceiptId receipt;
  std::optional<MessageId> after;
  std::size_t limit = kPageDefault;
  transport::IfNoneMatch known;  // the ETags that the client has
  MonoTime until;
  std::string address;  // the sender's
  transport::HttpResponder responder;
  std::optional<ReceiptStreamSlots::Slot> place{};  // while it waits
};

WebPushReceiptEndpoint::WebPushReceiptEndpoint(PushContext& context)
    : context_(context), refusals_(context.metrics), streams_(context) {}

void WebPushReceiptEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method == "OPTIONS") return responder.send(push_preflight(request));
  if (request.method != "GET" && request.method != "DELETE") {
    refusals_.add("method");
    return responder.send(push_method_not_allowed("GET, DELETE"));
  }
  if (auto refusal = context_.rates.take_address(context_.sender_of(request), context_.clock.mono())) {
    return refuse(responder, *refusal);
  }
  if (request.method == "GET") return show(request, std::move(responder));
  const auto receipt = context_.tokens.read_receipt(request.path);
  if (!receipt) return refuse(responder, unknown_endpoint(request.path));
  end(*receipt, std::move(responder));
}

void WebPushReceiptEndpoint::show(const transport::HttpRequest& request, transport::HttpResponder responder) {
  const auto receipt = context_.tokens.read_receipt(request.path);
  if (!receipt) return refuse(responder, unknown_endpoint(request.path));
  if (ReceiptStreams::wanted(request)) return streams_.begin(*receipt, request, std::move(responder));
  std::optional<MessageId> after;
  if (const auto cursor = request.query_value("after")) {
    const auto message = context_.tokens.read_message(std::string(subscription::kMessagePath) + *cursor);
    if (!message) return refuse(responder, bad_receipt_request("Bad after"));
    after = message->id;
  }
  std::optional<std::uint64_t> limit = kPageDefault;
  if (const auto text = request.query_value("limit")) limit = whole_number(*text);
  if (!limit || *limit == 0) return refuse(responder, bad_receipt_request("Bad limit"));

  const webpush::HeaderList headers(request.headers);
  const std::uint64_t most_ms = context_.config.limits.receipt_wait_ms;
  const auto asked_s = preferred_wait_s(headers);
  const std::uint64_t wait_ms = asked_s ? std::min(most_ms, std::min(*asked_s, most_ms) * 1000) : most_ms;
  look(std::make_unique<Watch>(
      *receipt, after, std::min<std::size_t>(*limit, kPageMost), transport::IfNoneMatch::of(request),
      context_.clock.mono() + std::chrono::milliseconds(wait_ms), context_.sender_of(request), std::move(responder)));
}

void WebPushReceiptEndpoint::look(std::unique_ptr<Watch> watch) {
  const Watch& at = *watch;
  const auto receipt = at.receipt;
  const auto after = at.after;
  const std::size_t limit = at.limit;
  auto answered = [this, watch = std::move(watch)](Result<ports::ReceiptPage> page) mutable {
    if (!page) return refuse(watch->responder, store_refusal(page.error()));
    looked(std::move(watch), *page);
  };
  context_.receipts.of_receipt(receipt, after, limit, context_.clock.wall(),
                               Reply<Result<ports::ReceiptPage>>(context_.loop, std::move(answered)));
}

void WebPushReceiptEndpoint::looked(std::unique_ptr<Watch> watch, const ports::ReceiptPage& page) {
  if (page.messages.empty() && !watch->after) return refuse(watch->responder, unknown_receipt());
  std::string body = body_of(*watch, page);
  std::string etag = etag_of(body);
  if (watch->known.matches(etag)) return wait(std::move(watch), std::move(etag));
  watch->responder.send(described(push_answer(200, std::move(body)), std::move(etag)));
}

void WebPushReceiptEndpoint::wait(std::unique_ptr<Watch> watch, std::string etag) {
  const bool over = context_.clock.mono() >= watch->until || context_.draining();
  if (!watch->place) watch->place = context_.streams.wait(watch->address);
  if (over || !watch->place || waiting_ >= context_.config.limits.receipt_waiters_max) {
    return watch->responder.send(described(push_answer(304), std::move(etag)));
  }
  ++waiting_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(watch->until - context_.clock.mono());
  const auto pause = std::chrono::milliseconds(context_.config.limits.receipt_check_ms);
  context_.timers.run_after(std::min(left, pause), [this, watch = std::move(watch)]() mutable {
    --waiting_;
    look(std::move(watch));
  });
}

std::string WebPushReceiptEndpoint::body_of(const Watch& watch, const ports::ReceiptPage& page) const {
  std::vector<webpush::ReceiptRow> rows;
  for (const auto& status : page.messages) {
    rows.push_back(receipt_row(context_, status));
  }
  std::string next;
  if (page.more) {
    const auto& status = page.messages.back();
    const auto last = context_.tokens.path_of(subscription::MessageName{status.app, status.id});
    next = context_.url_of(context_.tokens.path_of(watch.receipt)) + "?limit=" + std::to_string(watch.limit) +
           "&after=" + last.substr(subscription::kMessagePath.size());
  }
  return webpush::receipt_list_body(rows, next);
}

void WebPushReceiptEndpoint::end(const ReceiptId& receipt, transport::HttpResponder responder) {
  auto ended = [this, receipt, responder = std::move(responder)](Result<std::uint64_t> forgotten) mutable {
    if (!forgotten) return refuse(responder, store_refusal(forgotten.error()));
    if (*forgotten == kForgottenAtOnce) return end(receipt, std::move(responder));
    responder.send(push_answer(204));
  };
  context_.receipts.forget_receipt(receipt, kForgottenAtOnce,
                                   Reply<Result<std::uint64_t>>(context_.loop, std::move(ended)));
}

void WebPushReceiptEndpoint::refuse(transport::HttpResponder& responder, const Refusal& refusal) {
  refusals_.add(refusal.metric);
  responder.send(push_answer(refusal));
}

}  // namespace herald::roles::app_server
