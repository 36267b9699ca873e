#include "roles/user_agent_ws/connection.h"

#include <utility>

#include "roles/user_agent_ws/device_connection.h"
#include "roles/user_agent_ws/shard.h"

namespace herald::roles::user_agent_ws {

void Connection::on_open(transport::WebSocket& socket) {
  socket_ = &socket;
  number_ = shard_.table.add(*this);
  shard_.counters.connections.add(1);
}

void Connection::on_text(std::string_view text) {
  if (!session_) session_ = std::make_unique<DeviceConnection>(*this);
  session_->on_text(text);
}

void Connection::on_binary(std::string_view /*bytes*/) {
  if (!session_) session_ = std::make_unique<DeviceConnection>(*this);
  session_->on_binary();
}

void Connection::on_drained() {
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

void Connection::go_online(const UserAgentId& user_agent, std::move_only_function<void(Status)> then) {
  shard_.presence.go_online(*this, user_agent, std::move(then));
}

void Connection::start_deliveries() {
  shard_.deliverer.start(*this);
}

void Connection::go_to_sleep(const UserAgentId& user_agent, const WakeInterface& wake,
                             std::move_only_function<void(Status)> then) {
  shard_.presence.go_to_sleep(*this, user_agent, wake, std::move(then));
}

void Connection::acked(const UserAgentId& user_agent, const std::vector<MessageId>& messages) {
  shard_.deliverer.acked(user_agent, messages);
}

void Connection::handed_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages) {
  shard_.deliverer.handed_out(user_agent, messages);
}

void Connection::set_online(const UserAgentId& user_agent) {
  device_ = user_agent;
  online_ = true;
}

bool Connection::blocked() const {
  return socket_ == nullptr || closing_ || socket_->unsent_bytes() > kUnsentHighWaterBytes;
}

}  // namespace herald::roles::user_agent_ws
