#include "roles/user_agent_ws/webpush_session.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "domain/app.h"

namespace herald::roles::user_agent_ws {

namespace webpush = protocol::webpush;
using protocol::subscription::WebPushEndpoint;
using transport::CloseCode;

namespace {

// The code as a label if it is one of `known`.
std::string label_of(std::int64_t code, std::initializer_list<std::int64_t> known) {
  return std::ranges::find(known, code) != known.end() ? std::to_string(code) : "other";
}

}  // namespace

WebPushSession::~WebPushSession() {
  host_.broadcasts().leave(*this);
}

void WebPushSession::on_text(std::string_view text) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kBusy) {
    if (!held_.hold(text)) refuse("too many requests at once", "too_many_requests", CloseCode::kPolicyViolation);
    return;
  }
  const auto request = webpush::parse_frame(text, host_.context().config.limits);
  if (!request) return refuse(request.error().close_reason, request.error().metric);
  if (state_ == State::kUnidentified && !std::holds_alternative<webpush::Hello>(*request)) {
    return refuse("SM", "no_hello");
  }
  std::visit([this](const auto& body) { handle(body); }, *request);
}

void WebPushSession::on_binary() {
  refuse("binary", "binary", CloseCode::kUnsupportedData);
}

bool WebPushSession::wants(const Message& message) const {
  return message.kind == PayloadKind::kWebPush && message.urgency >= least_;
}

std::string WebPushSession::delivery_frame(const Message& message) const {
  return webpush::notification_frame(message).value_or("");
}

void WebPushSession::refuse(std::string_view close_reason, std::string_view metric, CloseCode code) {
  state_ = State::kClosed;
  host_.count_refusal(metric);
  host_.close(code, close_reason);
}

void WebPushSession::resume() {
  for (const std::string& frame : held_.take()) on_text(frame);
}

bool WebPushSession::may_subscribe(const webpush::BroadcastVersions& broadcasts) {
  if (broadcasts.size() <= host_.context().config.limits.broadcasts_per_device) return true;
  refuse("too many broadcasts", "too_many_broadcasts", CloseCode::kPolicyViolation);
  return false;
}

bool WebPushSession::may_ask() {
  if (answers_.waiting() < kRequestsWaitingMax) return true;
  refuse("too many requests at once", "too_many_requests", CloseCode::kPolicyViolation);
  return false;
}

void WebPushSession::handle(const webpush::Hello& request) {
  if (state_ != State::kUnidentified) return refuse("SM", "second_hello");
  if (!may_subscribe(request.broadcasts)) return;
  Context& context = host_.context();
  if (const auto known = context.tokens.verify(request.uaid)) {
    user_agent_ = *known;
    return go_online([this, request](const Status& status) {
      if (!status) return refuse("SM", "store");
      greet(request.uaid, request.broadcasts);
      host_.start_deliveries();
    });
  }
  const std::string uaid = context.tokens.issue(context.random);
  const auto issued = context.tokens.verify(uaid);
  HERALD_CHECK(issued.has_value(), "a token verifies where it was issued");
  user_agent_ = *issued;
  state_ = State::kIdentified;
  greet(uaid, request.broadcasts);
}

void WebPushSession::greet(const std::string& uaid, const webpush::BroadcastVersions& seen) {
  host_.send(webpush::hello_reply(uaid, host_.broadcasts().subscribe(*this, seen)));
}

void WebPushSession::go_online(std::move_only_function<void(const Status&)> then) {
  state_ = State::kBusy;
  host_.go_online(user_agent_, WakeInterface{}, [this, then = std::move(then)](const Status& status) mutable {
    if (state_ == State::kClosed) return;
    state_ = State::kIdentified;
    then(status);
    resume();
  });
}

void WebPushSession::handle(const webpush::Register& request) {
  if (request.bad_key) {
    host_.count_refusal("bad_key");
    return host_.send(webpush::register_refusal(request.channel, 400));
  }
  if (host_.user_agent() != nullptr) return register_channel(request);
  go_online([this, request](const Status& status) {
    if (!status) return decline(request.channel, status.error());
    host_.start_deliveries();
    register_channel(request);
  });
}

void WebPushSession::register_channel(const webpush::Register& request) {
  if (!may_ask()) return;
  Context& context = host_.context();
  const WebPushEndpoint endpoint{user_agent_, request.channel, request.key};
  const auto registered = [this, endpoint](const Status& status) {
    if (!status) return decline(endpoint.channel, status.error());
    const Context& with = host_.context();
    host_.send(webpush::registered_reply(endpoint.channel, with.config.public_url + with.endpoints.path_of(endpoint)));
  };
  context.directory.register_app(App{endpoint.app(), PayloadKind::kWebPush, {}}, user_agent_,
                                 answers_.reply<Status>(context.executor, registered));
}

void WebPushSession::decline(const protocol::subscription::ChannelId& channel, const Error& error) {
  host_.count_refusal(to_string(error.kind));
  host_.send(webpush::register_refusal(channel, 500));
}

void WebPushSession::handle(const webpush::Unregister& request) {
  host_.count_report("unregister", label_of(request.code, {0, 200, 201, 202}));
  if (host_.user_agent() == nullptr) return host_.send(webpush::unregister_reply(request.channel, 200));
  if (!may_ask()) return;
  Context& context = host_.context();
  const AppId app = protocol::subscription::app_of(user_agent_, request.channel);
  context.directory.unregister_app(
      app, user_agent_,
      answers_.reply<Result<bool>>(context.executor, [this, app, channel = request.channel](const Result<bool>& done) {
        if (done) {
          host_.left_app(user_agent_, app);
        } else {
          host_.count_refusal(to_string(done.error().kind));
        }
        host_.send(webpush::unregister_reply(channel, done ? 200 : 500));
      }));
}

void WebPushSession::handle(const webpush::Ack& request) {
  std::vector<MessageId> messages;
  for (const auto& update : request.updates) {
    host_.count_report("ack", label_of(update.code, {100, 101, 102}));
    if (update.message) messages.push_back(*update.message);
  }
  if (host_.user_agent() != nullptr && !messages.empty()) host_.acked(user_agent_, messages);
}

void WebPushSession::handle(const webpush::Nack& request) {
  host_.count_report("nack", label_of(request.code, {301, 302, 303}));
  if (host_.user_agent() != nullptr && request.message) host_.acked(user_agent_, {*request.message});
}

void WebPushSession::handle(const webpush::Ping& /*request*/) {
  const MonoTime now = host_.context().clock.mono();
  const std::chrono::milliseconds least(host_.context().config.limits.webapp_ping_interval_min_ms);
  if (last_ping_ && now - *last_ping_ < least) return refuse("SM", "ping_too_soon");
  last_ping_ = now;
  host_.send(webpush::pong());
}

void WebPushSession::handle(const webpush::BroadcastSubscribe& request) {
  if (!may_subscribe(request.broadcasts)) return;
  const auto answer = host_.broadcasts().subscribe(*this, request.broadcasts);
  if (!answer.empty()) host_.send(webpush::broadcast_frame(answer));
}

void WebPushSession::handle(const webpush::SetUrgency& request) {
  if (!request.least) return;
  const bool wants_more = *request.least < least_;
  least_ = *request.least;
  host_.send(webpush::urgency_reply(least_));
  if (wants_more && host_.user_agent() != nullptr) host_.start_deliveries();
}

}  // namespace herald::roles::user_agent_ws
