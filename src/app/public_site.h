#pragma once
// Everything one loop serves on the public listener, told apart by path: the roles' endpoints, /status, /about and the
// web page. WebSocket upgrades are accepted on any path.

#include <memory>
#include <optional>

#include "app/about.h"
#include "app/deadline_store.h"
#include "app/push_site.h"
#include "app/services.h"
#include "app/web_page.h"
#include "roles/app_server/notify_endpoint.h"
#include "roles/app_server/only_notify_endpoint.h"
#include "roles/user_agent_udp/pull_endpoint.h"
#include "roles/user_agent_ws/token_endpoint.h"
#include "roles/user_agent_ws/user_agent_ws.h"
#include "transport/event_loop.h"

namespace herald::app {

// How one loop reaches the others.
struct LoopLinks {
  std::uint32_t shards = 1;  // how many loops there are
  std::function<void(std::uint32_t shard, protocol::queue::TakenOver)> tell_shard;
  std::function<void(const roles::user_agent_udp::PullNotice&)> pulled;  // empty: nobody pings here
  std::function<ServerId(const UserAgentId&)> sleep_server;
  std::function<std::optional<std::uint64_t>()> lease_lapses;
  std::function<void()> store_stalled;  // the store has not answered a client in time
};

// Made, used and destroyed as the roles' endpoints ask: on the loop's thread, or while that does not run.
class PublicSite {
 public:
  PublicSite(Services& services, transport::EventLoop& loop, std::uint32_t shard, LoopLinks links);

  [[nodiscard]] transport::HttpHandler& http() { return router_; }
  [[nodiscard]] const transport::HttpHandler& http() const { return router_; }
  // Null: this process does not hold that role.
  [[nodiscard]] roles::user_agent_ws::UserAgentWs* user_agent_ws() { return websockets_ ? &*websockets_ : nullptr; }

 private:
  void add_app_server(Services& services, transport::EventLoop& loop);
  void add_user_agent_ws(Services& services, transport::EventLoop& loop, std::uint32_t shard, LoopLinks& links);
  void add_pull(Services& services, transport::EventLoop& loop, LoopLinks& links);

  ports::StoreDeadline deadline_;
  DeadlineStore store_;
  std::optional<roles::user_agent_ws::TokenEndpoint> token_;
  std::optional<roles::user_agent_ws::UserAgentWs> websockets_;
  std::optional<roles::app_server::NotifyEndpoint> notify_;
  std::optional<PushSite> push_;
  std::optional<roles::user_agent_udp::PullEndpoint> pull_;
  roles::app_server::OnlyNotifyEndpoint only_notify_;
  PageEndpoint status_;
  PageEndpoint about_;
  WebPage page_;
  transport::HttpRouter router_;
};

}  // namespace herald::app
