#pragma once
// The role NS-UA-WS: holds the WebSockets of devices, brings them their notifications and takes their acks. One
// instance per event loop ("shard"); everything on that loop's thread. The instance must outlive its connections and
// its executor's last task.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/queue/envelope.h"
#include "roles/user_agent_ws/context.h"
#include "transport/http.h"
#include "transport/websocket.h"

namespace herald::roles::user_agent_ws {

struct Shard;

class UserAgentWs final : public transport::WebSocketAcceptor {
 public:
  explicit UserAgentWs(Context context);
  ~UserAgentWs() override;

  // Accepts an upgrade that offers the subprotocol "push-notification" or none (400 if it offers only others; 503 while
  // draining).
  std::variant<transport::WebSocketAccept, transport::HttpResponse> on_upgrade(
      const transport::HttpRequest& request) override;

  // What arrived on this server's queue for this shard. Targets that are not online here are skipped.
  void deliver(const std::vector<protocol::queue::Deliver>& announced);
  // A newer connection took a device of this shard over; unknown connections are ignored.
  void taken_over(const protocol::queue::TakenOver& notice);
  // A location was written after the device that asked for it had been refused, since the store took too long: it is
  // taken back unless the device is online there by now. `before` is where the device was.
  void located_late(const UserAgentId& user_agent, const Location& written, const Location& before);
  // This server may have counted as gone for a while, or messages on its queue may have been lost: each device that is
  // online is looked for again, and what is pending for it is sent.
  void look_again();
  // The broadcast's version from now on; nullopt: there is no such broadcast any more.
  void set_broadcast(std::string_view id, std::optional<std::string> version);
  // From now on no connection is accepted; the open ones go on until transport closes them.
  void drain() { draining_ = true; }

 private:
  std::unique_ptr<Shard> shard_;
  bool draining_ = false;
};

}  // namespace herald::roles::user_agent_ws
