#include "roles/user_agent_ws/user_agent_ws.h"

#include <algorithm>
#include <utility>

#include "roles/user_agent_ws/connection.h"
#include "roles/user_agent_ws/shard.h"

namespace herald::roles::user_agent_ws {

namespace {

constexpr const char* kSubprotocol = "push-notification";

}  // namespace

UserAgentWs::UserAgentWs(Context context) : shard_(std::make_unique<Shard>(std::move(context))) {}
UserAgentWs::~UserAgentWs() = default;

std::variant<transport::WebSocketAccept, transport::HttpResponse> UserAgentWs::on_upgrade(
    const transport::HttpRequest& request) {
  if (draining_) {
    shard_->counters.refused("draining");
    auto response = transport::text_response(503, "This server is going away; connect again.\n");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  const bool offered = transport::offers_subprotocol(request, kSubprotocol);
  if (!offered && request.header("Sec-WebSocket-Protocol")) {
    shard_->counters.refused("no_subprotocol");
    return transport::text_response(400, "The WebSocket subprotocol must be push-notification.\n");
  }
  const Limits& limits = shard_->context.config.limits;
  // Only a SimplePush hello may be longer than other messages, see Connection::too_long().
  const auto longest = std::max(limits.websocket_message_max_bytes, limits.simplepush_hello_max_bytes);
  return transport::WebSocketAccept{offered ? kSubprotocol : "", std::make_unique<Connection>(*shard_, offered),
                                    offered ? longest : 0};
}

void UserAgentWs::deliver(const std::vector<protocol::queue::Deliver>& announced) {
  shard_->presence.missing(shard_->deliverer.deliver(announced));
}

void UserAgentWs::located_late(const UserAgentId& user_agent, const Location& written, const Location& before) {
  shard_->presence.located_late(user_agent, written, before);
}

void UserAgentWs::look_again() {
  shard_->roll_call.begin();
  shard_->deliverer.gaps_noted();
}

void UserAgentWs::set_broadcast(std::string_view id, std::optional<std::string> version) {
  shard_->broadcasts.set(id, std::move(version));
}

void UserAgentWs::taken_over(const protocol::queue::TakenOver& notice) {
  shard_->presence.taken_over(notice);
}

}  // namespace herald::roles::user_agent_ws
