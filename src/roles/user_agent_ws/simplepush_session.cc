#include "roles/user_agent_ws/simplepush_session.h"

#include <utility>

#include "base/check.h"
#include "domain/app.h"

namespace herald::roles::user_agent_ws {

namespace simplepush = protocol::simplepush;
using protocol::subscription::app_of_simplepush;
using protocol::subscription::SimplePushEndpoint;
using transport::CloseCode;

namespace {

// Apps read at once while comparing channels.
constexpr std::size_t kAppsPage = 1'000;

}  // namespace

SimplePushSession::~SimplePushSession() {
  if (idle_timer_ != 0) host_.context().timers.cancel(idle_timer_);
}

void SimplePushSession::on_text(std::string_view text) {
  heard_at_ = host_.context().clock.mono();
  if (state_ == State::kClosed) return;
  if (state_ == State::kBusy) {
    if (held_.hold(text)) return;
    host_.count_refusal("too_many_requests");
    return close(CloseCode::kPolicyViolation, "too many requests at once");
  }
  const auto request = simplepush::parse_frame(text, host_.context().config.limits);
  if (!request) return refuse(request.error().reply, request.error().metric);
  if (state_ == State::kUnidentified && !std::holds_alternative<simplepush::Hello>(*request)) {
    return refuse(simplepush::error_no_uaid(), "no_hello");
  }
  std::visit([this](const auto& body) { handle(body); }, *request);
}

void SimplePushSession::on_binary() {
  refuse(simplepush::error_binary(), "binary", CloseCode::kUnsupportedData);
}

std::string SimplePushSession::delivery_frame(const Message& message) const {
  const auto update = simplepush::read_update(message);
  return update ? simplepush::notification_frame(*update) : std::string();
}

void SimplePushSession::sent(const Message& message) {
  if (const auto update = simplepush::read_update(message)) sent_.note(update->channel, update->version, message.id);
}

void SimplePushSession::refuse(std::string_view reply, std::string_view metric, CloseCode code) {
  host_.count_refusal(metric);
  host_.send(reply);
  close(code, "refused");
}

void SimplePushSession::close(CloseCode code, std::string_view reason) {
  state_ = State::kClosed;
  host_.close(code, reason);
}

bool SimplePushSession::may_ask() {
  if (answers_.waiting() < kRequestsWaitingMax) return true;
  host_.count_refusal("too_many_requests");
  close(CloseCode::kPolicyViolation, "too many requests at once");
  return false;
}

void SimplePushSession::handle(const simplepush::Hello& request) {
  if (state_ != State::kUnidentified) return;
  Context& context = host_.context();
  const auto known = context.tokens.verify(request.uaid);
  const std::string uaid = known ? request.uaid : context.tokens.issue(context.random);
  const auto verified = context.tokens.verify(uaid);
  HERALD_CHECK(verified.has_value(), "a token verifies where it was issued");
  user_agent_ = *verified;
  can_be_woken_ = request.wake && context.config.allowed(*request.wake);
  state_ = State::kBusy;
  host_.go_online(user_agent_, can_be_woken_ ? *request.wake : WakeInterface{},
                  [this, uaid, channels = known ? request.channels : std::nullopt](const Status& status) {
                    if (state_ == State::kClosed) return;
                    if (!status) return refuse(simplepush::error_not_registered(), "store");
                    host_.send(simplepush::hello_reply(uaid, can_be_woken_));
                    if (can_be_woken_) watch_idle();
                    if (!channels) return settle();
                    resync(*channels);
                  });
}

void SimplePushSession::resync(const std::vector<std::string>& listed) {
  resync_ = std::make_unique<Resync>();
  for (const auto& channel : listed) resync_->listed.emplace(app_of_simplepush(user_agent_, channel), channel);
  read_apps(std::nullopt);
}

void SimplePushSession::read_apps(std::optional<AppId> after) {
  Context& context = host_.context();
  context.directory.apps_of(
      user_agent_, after, kAppsPage,
      answers_.reply<Result<ports::AppPage>>(context.executor, [this](const Result<ports::AppPage>& page) {
        if (state_ == State::kClosed) return;
        if (!page) {
          host_.count_refusal(to_string(page.error().kind));
          return close(CloseCode::kInternalError, "try again later");
        }
        for (const App& app : page->apps) {
          if (app.kind != PayloadKind::kSimplePush) continue;
          if (resync_->listed.erase(app.id) == 0) resync_->stale.push_back(app.id);
        }
        if (page->more && !page->apps.empty()) return read_apps(page->apps.back().id);
        agree();
      }));
}

void SimplePushSession::agree() {
  const auto resync = std::exchange(resync_, nullptr);
  Context& context = host_.context();
  for (const AppId& app : resync->stale) {
    context.directory.unregister_app(app, user_agent_,
                                     answers_.reply<Result<bool>>(context.executor, [this](const Result<bool>& done) {
                                       if (!done) host_.count_refusal(to_string(done.error().kind));
                                       if (answers_.waiting() == 0) settle();
                                     }));
  }
  for (const auto& [app, channel] : resync->listed) register_channel(channel);
  if (answers_.waiting() == 0) settle();
}

void SimplePushSession::settle() {
  if (state_ != State::kBusy) return;
  state_ = State::kIdentified;
  host_.start_deliveries();
  for (const std::string& frame : held_.take()) on_text(frame);
}

void SimplePushSession::handle(const simplepush::Register& request) {
  if (may_ask()) register_channel(request.channel);
}

void SimplePushSession::register_channel(const std::string& channel) {
  Context& context = host_.context();
  const SimplePushEndpoint endpoint{user_agent_, channel};
  context.directory.register_app(App{endpoint.app(), PayloadKind::kSimplePush, {}}, user_agent_,
                                 answers_.reply<Status>(context.executor, [this, endpoint](const Status& status) {
                                   const Context& with = host_.context();
                                   if (status) {
                                     host_.send(simplepush::registered_reply(
                                         endpoint.channel, with.config.public_url + with.endpoints.path_of(endpoint)));
                                   } else {
                                     host_.count_refusal(to_string(status.error().kind));
                                     host_.send(simplepush::register_refusal(endpoint.channel, 500));
                                   }
                                   if (answers_.waiting() == 0) settle();
                                 }));
}

void SimplePushSession::handle(const simplepush::Unregister& request) {
  if (!may_ask()) return;
  Context& context = host_.context();
  const AppId app = app_of_simplepush(user_agent_, request.channel);
  const auto left = [this, app, channel = request.channel](const Result<bool>& was_there) {
    if (!was_there) {
      host_.count_refusal(to_string(was_there.error().kind));
      return host_.send(simplepush::unregister_reply(channel, 500));
    }
    host_.left_app(user_agent_, app);
    if (*was_there) return host_.send(simplepush::unregister_reply(channel, 202));
    host_.count_refusal("bad_channel");
    host_.send(simplepush::unknown_channel_reply(channel));
  };
  context.directory.unregister_app(app, user_agent_, answers_.reply<Result<bool>>(context.executor, left));
}

void SimplePushSession::handle(const simplepush::Ack& request) {
  for (const std::string& refusal : request.refusals) {
    host_.count_refusal("bad_ack");
    host_.send(refusal);
  }
  for (const auto& update : request.updates) {
    const auto messages = sent_.acked(update.channel, update.version);
    if (!messages.empty()) host_.acked(user_agent_, messages);
  }
}

void SimplePushSession::handle(const simplepush::Ping& /*request*/) {
  host_.send(simplepush::pong());
  host_.resend();
}

void SimplePushSession::watch_idle() {
  Context& context = host_.context();
  const std::chrono::milliseconds most(context.config.limits.wakeup_idle_ms);
  const auto silent = context.clock.mono() - heard_at_;
  if (silent >= most) return close(CloseCode::kUdpWakeup, "UDP Wakeup");
  idle_timer_ = context.timers.run_after(std::chrono::ceil<std::chrono::milliseconds>(most - silent), [this] {
    idle_timer_ = 0;
    if (state_ != State::kClosed) watch_idle();
  });
}

}  // namespace herald::roles::user_agent_ws
