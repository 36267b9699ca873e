#pragma once
// A whole server in this process: opened from a configuration, run on the calling thread, drained and ended. `herald
// serve` is one; tests and benchmarks run others on ports 0.

#include <atomic>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/control.h"
#include "app/exit_code.h"
#include "app/services.h"
#include "app/worker.h"
#include "base/time.h"
#include "transport/event_loop.h"

namespace herald::app {

class Server {
 public:
  // Opens the store, binds all listeners and starts the loops: connections are served from here on. Failures have
  // their exit codes.
  [[nodiscard]] static std::expected<std::unique_ptr<Server>, Failure> start(const Configuration& configuration);
  // Ends the loops; what was accepted is on disk anyway.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The control loop, on the calling thread, until a drain is over or stop() is called.
  void run();
  // Any thread: /status says so at once, and for drain_notice_ms all goes on as before, so that load balancers learn of
  // it in time. Then no new work, devices closed at a rate, requests and queues finished; then run() returns. Bounded
  // by drain_timeout_ms, the notice included. A second call changes nothing.
  void drain();
  // Any thread: run() returns soon, without a drain.
  void stop();
  // The control loop's thread: reads the certificate again and sets the log level. On failure the old certificate
  // stays.
  [[nodiscard]] Status reload(LogLevel level);

  [[nodiscard]] const std::vector<transport::SocketAddress>& addresses() const { return addresses_; }
  [[nodiscard]] transport::SocketAddress operations_address() const { return operations_address_; }
  [[nodiscard]] const std::string& public_url() const { return services_->public_url; }
  // After run(): kOk, or why the server ended by itself.
  [[nodiscard]] ExitCode exit_code() const { return exit_code_; }
  // The line that `herald serve` prints.
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] transport::EventLoop& control_loop() { return control_loop_; }
  [[nodiscard]] Log& log() { return services_->log; }

 private:
  Server() : control_loop_(clock_) {}

  using Started = std::expected<void, Failure>;
  [[nodiscard]] Started open(const Configuration& configuration);
  [[nodiscard]] Started bind(const Configuration& configuration);
  [[nodiscard]] std::expected<transport::SocketAddress, Failure> bind_everywhere(const transport::SocketAddress& at);
  [[nodiscard]] Started start_workers(const Configuration& configuration);
  [[nodiscard]] LoopLinks links();
  // The control loop's thread: ends the notice, or the time before it.
  void drain_after(std::chrono::milliseconds notice);
  void leave();
  void worker_drained();
  void finish_step();

  SystemClock clock_;
  transport::EventLoop control_loop_;
  std::vector<std::unique_ptr<transport::EventLoop>> loops_;
  std::unique_ptr<Services> services_;  // the store answers on the loops above until it is gone
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Control> control_;
  std::vector<transport::SocketAddress> addresses_;
  transport::SocketAddress operations_address_;
  std::atomic<bool> draining_{false};
  MonoTime drain_deadline_;
  std::size_t undrained_ = 0;
  bool roles_stopped_ = false;
  ExitCode exit_code_ = ExitCode::kOk;
};

}  // namespace herald::app
