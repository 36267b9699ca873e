#pragma once
// A connection to a server: addresses tried in turn, TLS if asked for, then bytes both ways. Private to transport.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transport/client.h"
#include "transport/client_tls.h"
#include "transport/event_loop.h"

namespace herald::transport {

class ClientStream final : private IoHandler {
 public:
  // Called from the loop only, never inside a call of the stream's. None may destroy the stream; all may close it.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The handshakes are done.
    virtual void on_connected() = 0;
    // `bytes` may be changed; valid during the call.
    virtual void on_bytes(std::span<std::uint8_t> bytes) = 0;
    // All bytes went out after some had to wait.
    virtual void on_drained() = 0;
    // Once, last; not after close(). A value: the peer ended the stream in order. kUnavailable: no connection, or it
    // broke.
    virtual void on_end(Status how) = 0;
  };

  // Both references must outlive the stream.
  ClientStream(EventLoop& loop, Owner& owner);
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;
  // Without close(), leaves the loop alone: it may be the loop that goes.
  ~ClientStream() override;

  // Begins to connect, once. Errors as resolve_host() and make_client_tls(); then nothing further is called.
  [[nodiscard]] Status open(const Url& url, const ClientOptions& options);
  // Sends now what the kernel takes and keeps the rest. Before on_connected() and after close(): ignored.
  void write(std::string_view bytes);
  // Ends the connection; what is unsent is dropped.
  void close();

  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_.size(); }
  [[nodiscard]] SocketAddress peer() const { return peer_; }

 private:
  enum class State : std::uint8_t { kNew, kConnecting, kHandshaking, kOpen, kClosed };
  // What became of one attempt to move bytes.
  enum class Moved : std::uint8_t { kSome, kBlocked, kEnded, kBroken };
  struct Movement {
    Moved what = Moved::kBlocked;
    std::size_t bytes = 0;
  };

  void on_ready(bool readable, bool writable, bool hung_up) override;
  [[nodiscard]] Status connect_next();
  [[nodiscard]] Status connect_to(const SocketAddress& address);
  void finish_connecting();
  void shake_hands();
  void become_open();
  void receive();
  void flush();
  Movement move_in(std::span<std::uint8_t> room);
  Movement move_out(std::string_view bytes);
  [[nodiscard]] Movement tls_movement(int returned) const;
  void want_write(bool wanted);
  void drop_descriptor();
  void end(Status how);

  EventLoop& loop_;
  Owner& owner_;
  ClientOptions options_;
  Url url_;
  std::vector<SocketAddress> untried_;  // the next one last
  SocketAddress peer_;
  int fd_ = -1;
  SslPtr tls_;  // null: plain
  State state_ = State::kNew;
  bool wants_write_ = false;
  std::string unsent_;
};

}  // namespace herald::transport
