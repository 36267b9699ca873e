#pragma once
// One event loop on a thread of its own, with its listeners and its share of the public site.

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "app/public_site.h"
#include "app/services.h"
#include "operations/drain.h"
#include "transport/event_loop.h"
#include "transport/http_server.h"

namespace herald::app {

// Calls come from one thread, the server's, unless said otherwise. Order: listen(), serve(), start(), drain(), stop().
class Worker final : private transport::HttpHandler, private transport::WebSocketAcceptor {
 public:
  // `loop` and `services` must outlive it.
  Worker(Services& services, transport::EventLoop& loop);
  ~Worker() override;

  // Before start(). Port 0: any.
  [[nodiscard]] Result<transport::SocketAddress> listen(const transport::SocketAddress& at);
  // Before start(): makes the site, now that the public URL is known.
  void serve(std::uint32_t shard, LoopLinks links);
  // Runs the loop on its own thread.
  void start();
  // The same, on a thread with its own descriptor table, which keeps `kept`, the descriptors of all loops, besides this
  // worker's listeners. The calling thread's table loses the listeners. kUnavailable: the kernel refuses.
  [[nodiscard]] Status start_with_own_descriptors(std::vector<int> kept);
  // Takes no new work, stops listening, closes devices at `closes_per_s` and finishes requests; then, or when `timeout`
  // has passed, runs `done` on the loop.
  void drain(std::uint64_t closes_per_s, std::chrono::milliseconds timeout, std::function<void()> done);
  // Ends the loop and its thread; cuts what is still open.
  void stop();

  [[nodiscard]] transport::EventLoop& loop() { return loop_; }
  // On the loop's thread.
  [[nodiscard]] roles::user_agent_ws::UserAgentWs* user_agent_ws() { return site_->user_agent_ws(); }

 private:
  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;
  [[nodiscard]] std::uint64_t body_max_bytes(std::string_view path) const override;
  std::variant<transport::WebSocketAccept, transport::HttpResponse> on_upgrade(
      const transport::HttpRequest& request) override;
  void drain_step();
  void run();

  Services& services_;
  transport::EventLoop& loop_;
  std::optional<PublicSite> site_;
  std::unique_ptr<transport::HttpServer> server_;
  std::optional<operations::Drain> drain_;
  std::function<void()> drained_;
  std::thread thread_;
};

}  // namespace herald::app
