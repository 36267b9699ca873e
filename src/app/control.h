#pragma once
// What runs once per process: on one loop the wake-up server and the operations listener; there, or where the store
// does its work (role_home.h), the monitor, the delivery manager and the reader of the WebSocket server's queue.

#include <memory>
#include <optional>
#include <vector>

#include "app/about.h"
#include "app/broadcasts.h"
#include "app/health_check.h"
#include "app/loss_watch.h"
#include "app/operations_guard.h"
#include "app/role_home.h"
#include "app/server_ids.h"
#include "app/services.h"
#include "app/worker.h"
#include "roles/delivery_manager/delivery_manager.h"
#include "roles/monitor/monitor.h"
#include "roles/user_agent_udp/udp_wakeup_sender.h"
#include "roles/user_agent_udp/user_agent_udp.h"
#include "roles/user_agent_ws/server_queue_consumer.h"
#include "transport/event_loop.h"
#include "transport/http_server.h"

namespace herald::app {

// On the loop's thread, or while that does not run. References must outlive it.
class Control {
 public:
  Control(Services& services, transport::EventLoop& loop);
  ~Control();

  [[nodiscard]] Result<transport::SocketAddress> listen(const transport::SocketAddress& at);
  // A Unix socket for the operator, who needs no secret there.
  [[nodiscard]] Status listen_on(const std::string& socket_file);
  // Makes and starts the roles of this process.
  [[nodiscard]] Status start_roles(const std::vector<std::unique_ptr<Worker>>& workers);
  // ServerIds::claim(), before anything is served.
  [[nodiscard]] std::expected<void, Failure> claim_server_ids() { return server_ids_.claim(); }
  // Called on the loop when another process has one of the ids.
  void on_server_id_taken(std::function<void()> then) { server_id_taken_ = std::move(then); }
  // While devices and senders are gone: whether the roles may stop taking what the queues still bring.
  [[nodiscard]] bool may_stop();
  // Tells the roles to take nothing new.
  void stop_roles();
  // Everything that was taken has been handled, and the queues are empty.
  [[nodiscard]] bool idle();
  void stop_listening();

  // LeaseKeeper's. Any thread.
  [[nodiscard]] std::optional<std::uint64_t> lease_lapses() const { return server_ids_.lease_lapses(); }
  // The server that wakes this device. Any thread.
  [[nodiscard]] ServerId sleep_server(const UserAgentId& user_agent) const {
    return server_ids_.sleep_server(user_agent);
  }
  // A loop's client got no answer from the store in time.
  void store_stalled() { health_.store_stalled(); }
  // A device pulled.
  void pulled(const roles::user_agent_udp::PullNotice& notice);

 private:
  void start_store_roles(const std::vector<std::unique_ptr<Worker>>& workers);
  [[nodiscard]] LeaseEvents lease_events(const std::vector<std::unique_ptr<Worker>>& workers);
  [[nodiscard]] Status start_user_agent_udp();
  void look_again(const std::vector<std::unique_ptr<Worker>>& workers);
  void watch_losses(const std::vector<std::unique_ptr<Worker>>& workers);
  void start_server_queue(const std::vector<std::unique_ptr<Worker>>& workers);
  [[nodiscard]] Status start_broadcasts(const std::vector<std::unique_ptr<Worker>>& workers);

  Services& services_;
  transport::EventLoop& loop_;
  PageEndpoint metrics_;
  PageEndpoint status_;
  PageEndpoint about_;
  PageEndpoint index_;
  transport::HttpRouter router_;
  HealthCheck health_;
  std::optional<LossWatch> losses_;
  OperationsGuard guard_;
  std::unique_ptr<transport::HttpServer> server_;
  std::unique_ptr<transport::HttpServer> socket_server_;  // null: no Unix socket
  RoleHome home_;
  // These three at home only.
  std::optional<roles::monitor::Monitor> monitor_;
  std::optional<roles::delivery_manager::DeliveryManager> manager_;
  std::optional<roles::user_agent_ws::ServerQueueConsumer> server_queue_;
  std::unique_ptr<roles::user_agent_udp::UdpWakeupSender> sender_;
  std::optional<roles::user_agent_udp::UserAgentUdp> user_agent_udp_;
  std::optional<Broadcasts> broadcasts_;
  ServerIds server_ids_;
  std::function<void()> server_id_taken_;
};

}  // namespace herald::app
