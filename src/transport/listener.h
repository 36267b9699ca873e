#pragma once
// A listening TCP or Unix socket on a loop, which gives what it accepts to a connection host. For transport's own
// sources.

#include <memory>
#include <string>

#include "transport/connection_host.h"
#include "transport/descriptor_reserve.h"
#include "transport/event_loop.h"
#include "transport/tls_context.h"

namespace herald::transport {

class Listener final : private IoHandler {
 public:
  // As HttpServer::listen.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(ConnectionHost& host, const SocketAddress& at,
                                                              std::shared_ptr<TlsContext> tls);
  // As HttpServer::listen_on.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open_file(ConnectionHost& host, const std::string& file);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() override;

  // The address, with the port that was chosen.
  [[nodiscard]] const SocketAddress& local() const { return local_; }
  [[nodiscard]] int descriptor() const { return fd_; }
  // Accepts everything that waits now.
  void accept_all();

 private:
  Listener(ConnectionHost& host, int fd, std::shared_ptr<TlsContext> tls);

  void on_ready(bool readable, bool writable, bool hung_up) override;
  // False: nothing waits, or nothing can be accepted for now.
  bool accept_one();
  void pause();
  void refuse(int fd);

  ConnectionHost& host_;
  int fd_;
  std::shared_ptr<TlsContext> tls_;
  SocketAddress local_;
  std::string file_;  // of a Unix socket
  DescriptorReserve reserve_;
  bool watched_ = false;
  TimerId resume_ = 0;  // ends a pause
};

}  // namespace herald::transport
