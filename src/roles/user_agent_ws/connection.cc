#include "roles/user_agent_ws/connection.h"

#include <utility>

#include "protocol/user_agent/flow2012/frame.h"
#include "protocol/user_agent/simplepush/frame.h"
#include "roles/user_agent_ws/device_connection.h"
#include "roles/user_agent_ws/shard.h"
#include "roles/user_agent_ws/simplepush_session.h"
#include "roles/user_agent_ws/webpush_session.h"

namespace herald::roles::user_agent_ws {

using protocol::FirstFrame;
using transport::CloseCode;

void Connection::on_open(transport::WebSocket& socket) {
  socket_ = &socket;
  number_ = shard_.table.add(*this);
  shard_.counters.connections.add(1);
}

bool Connection::too_long(std::string_view text) {
  const Limits& limits = context().config.limits;
  if (text.size() <= limits.websocket_message_max_bytes) return false;
  return session_ || protocol::sort_first_frame(text, subprotocol_, limits) != FirstFrame::kSimplePush;
}

void Connection::refuse_too_long() {
  count_refusal("message_too_long");
  close(CloseCode::kTooBig, "message too long");
}

void Connection::on_text(std::string_view text) {
  if (too_long(text)) return refuse_too_long();
  if (!session_) session_ = session_for(text);
  if (session_) session_->on_text(text);
}

void Connection::on_binary(std::string_view bytes) {
  if (bytes.size() > context().config.limits.websocket_message_max_bytes) return refuse_too_long();
  if (session_) return session_->on_binary();
  refuse(protocol::flow2012::error_binary(), CloseCode::kUnsupportedData, "refused", "binary");
}

std::unique_ptr<GenerationSession> Connection::session_for(std::string_view first_frame) {
  const FirstFrame told = protocol::sort_first_frame(first_frame, subprotocol_, context().config.limits);
  if (told == FirstFrame::kWebPush) return std::make_unique<WebPushSession>(*this);
  if (told == FirstFrame::kUnreadable) {
    refuse(protocol::flow2012::error_not_json(), CloseCode::kInternalError, "Json", "not_json");
  } else if (subprotocol_) {
    if (told == FirstFrame::kSimplePush) return std::make_unique<SimplePushSession>(*this);
    return std::make_unique<DeviceConnection>(*this);
  } else {
    refuse(told == FirstFrame::kSimplePush ? protocol::simplepush::error_not_registered()
                                           : protocol::flow2012::error_no_subprotocol(),
           CloseCode::kPolicyViolation, "subprotocol push-notification is required", "no_subprotocol");
  }
  return nullptr;
}

void Connection::refuse(std::string_view reply, CloseCode code, std::string_view reason, std::string_view metric) {
  count_refusal(metric);
  send(reply);
  close(code, reason);
}

void Connection::on_drained() {
  if (session_ && !closing_) session_->on_drained();
  if (online_ && !closing_) shard_.deliverer.pump(*this);
}

void Connection::on_close(transport::CloseCode /*code*/) {
  closing_ = true;
  session_.reset();
  if (socket_ == nullptr) return;
  shard_.presence.left(*this);
  shard_.table.remove(*this);
  shard_.counters.connections.add(-1);
  socket_ = nullptr;
}

Context& Connection::context() {
  return shard_.context;
}

void Connection::send(std::string_view text) {
  if (socket_ != nullptr && !closing_) socket_->send_text(text);
}

void Connection::close(transport::CloseCode code, std::string_view reason) {
  if (socket_ == nullptr || closing_) return;
  closing_ = true;
  socket_->close(code, reason);
}

void Connection::count_refusal(std::string_view reason) {
  shard_.counters.refused(reason);
}

void Connection::go_online(const UserAgentId& user_agent, std::optional<WakeInterface> wake,
                           std::move_only_function<void(Status)> then) {
  tell_address(user_agent);
  Shard& shard = shard_;
  const auto wait =
      online_ ? std::chrono::milliseconds(0) : shard.takeovers->delay(user_agent, shard.context.clock.mono());
  if (wait.count() == 0) return shard.presence.go_online(*this, user_agent, std::move(wake), std::move(then));
  shard.counters.takeovers_slowed.add();
  shard.context.timers.run_after(
      wait, [&shard, number = number_, user_agent, wake = std::move(wake), then = std::move(then)]() mutable {
        Connection* connection = shard.table.find(number);
        if (connection == nullptr || connection->closing()) return;
        shard.presence.go_online(*connection, user_agent, std::move(wake), std::move(then));
      });
}

void Connection::tell_address(const UserAgentId& user_agent) {
  const auto& spoke_from = context().config.spoke_from;
  if (spoke_from && socket_ != nullptr) spoke_from(user_agent, socket_->peer().ip);
}

void Connection::resend() {
  shard_.deliverer.resend(*this);
}

void Connection::count_report(std::string_view kind, std::string_view code) {
  shard_.counters.reported(kind, code);
}

BroadcastBoard& Connection::broadcasts() {
  return shard_.broadcasts;
}

void Connection::start_deliveries() {
  shard_.deliverer.start(*this);
}

void Connection::go_to_sleep(const UserAgentId& user_agent, const WakeInterface& wake,
                             std::move_only_function<void(Status)> then) {
  tell_address(user_agent);
  shard_.presence.go_to_sleep(*this, user_agent, wake, std::move(then));
}

void Connection::acked(const UserAgentId& user_agent, const std::vector<MessageId>& messages) {
  shard_.deliverer.acked(user_agent, messages);
}

void Connection::handed_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages) {
  tell_address(user_agent);
  shard_.deliverer.handed_out(user_agent, messages);
}

void Connection::left_app(const UserAgentId& user_agent, const AppId& app) {
  shard_.deliverer.left_app(user_agent, app);
}

void Connection::set_online(const UserAgentId& user_agent) {
  device_ = user_agent;
  online_ = true;
  online_since_ = shard_.context.clock.wall();
}

bool Connection::blocked() const {
  return socket_ == nullptr || closing_ || socket_->unsent_bytes() > kUnsentHighWaterBytes;
}

}  // namespace herald::roles::user_agent_ws
