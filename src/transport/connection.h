#pragma once
// One accepted connection: its socket, its unsent bytes and its deadline. What the bytes mean is its mode's business:
// HTTP, and after an upgrade WebSocket. While idle it owns no buffer. For transport's own sources.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "transport/address.h"
#include "transport/deadline_lists.h"
#include "transport/event_loop.h"
#include "transport/stream.h"

namespace herald::transport {

class ConnectionHost;

// Bytes that wait for the kernel.
struct UnsentBytes {
  std::string bytes;
  std::size_t sent = 0;
  [[nodiscard]] std::string_view rest() const { return std::string_view(bytes).substr(sent); }
};

class Connection;

// The meaning of a connection's bytes. Its members are called by the connection only; a mode that calls settle() does
// so last in what others call.
class ConnectionMode {
 public:
  virtual ~ConnectionMode() = default;
  // `bytes` may be changed and are valid during the call. The call may replace the mode.
  virtual void on_bytes(std::span<std::uint8_t> bytes) = 0;
  // False: bytes stay in the kernel for now.
  [[nodiscard]] virtual bool wants_bytes() const = 0;
  // The peer has finished sending.
  virtual void on_ended() = 0;
  // What had to wait has been sent.
  virtual void on_drained() = 0;
  // What the connection waits for, when nothing is blocked.
  [[nodiscard]] virtual Deadline deadline() const = 0;
  // It did not come in time.
  virtual void on_deadline(Deadline kind) = 0;
  // The server stops: end when convenient.
  virtual void on_drain() = 0;
  // Starts a WebSocket's close with 1001; false if this is none, or is closing already.
  virtual bool go_away() = 0;
  // Last call: the connection is dead.
  virtual void on_dead() = 0;
};

class Connection final : public IoHandler, public DeadlineEntry {
 public:
  // `from_proxy`: the bytes may begin with a PROXY protocol header.
  Connection(ConnectionHost& host, Stream stream, const SocketAddress& peer, bool from_proxy);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  [[nodiscard]] bool start();

  // Sends `first` and then `second`, at the end of the event or of the loop's round, together with what else is sent
  // until then, or when the kernel takes it. Nothing is sent after finish() or cut().
  void send(std::string_view first, std::string_view second = {});
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_ ? unsent_->rest().size() : 0; }
  // The kernel takes no more for now; the mode is told when all has been sent.
  [[nodiscard]] bool blocked() const { return blocked_; }
  // Tries to send what waits, now.
  void flush();
  // Sends what waits, ends the sending direction, and lets the peer read it all before the connection is cut
  // (RFC 9112 §9.6): what still arrives is thrown away.
  void finish();
  // Ends the connection now. It is destroyed later; until then dead() is true and nothing is told to the mode.
  void cut();
  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool settling() const { return settling_; }

  // Sends what was gathered and brings the watch and the deadline in line with the state, at the end of the loop's
  // round. To be called after any change from outside an event.
  void settle();
  // The same now.
  void settle_now();
  // Starts the present deadline anew, exactly, or so nearly that it costs little.
  void restart_deadline() { restart_ = true; }
  void renew_deadline();
  // Called by the host when the deadline has come.
  void on_deadline(Deadline kind);

  void become(std::unique_ptr<ConnectionMode> mode, bool websocket);
  [[nodiscard]] ConnectionMode* mode() { return mode_.get(); }
  [[nodiscard]] ConnectionHost& host() const { return host_; }
  [[nodiscard]] const SocketAddress& peer() const { return peer_; }
  [[nodiscard]] bool secure() const { return stream_.secure(); }
  [[nodiscard]] bool websocket() const { return websocket_; }

  // Its bytes are those of `peer`, as a proxy says.
  void set_peer(const SocketAddress& peer) { peer_ = peer; }

  std::uint32_t index = 0;  // the host's

 private:
  void on_ready(bool readable, bool writable, bool hung_up) override;
  void begin();
  void read_proxy_header();
  void shake_hands();
  void read();
  void handle(StreamResult result);
  void count_unread(bool does_not_read);
  void write_now(std::string_view first, std::string_view second);
  void append(std::string_view bytes);
  void advance_sent(std::size_t bytes);
  [[nodiscard]] bool wants_read() const;
  void update_watch();
  void update_deadline();
  void end_sending();

  ConnectionHost& host_;
  Stream stream_;
  std::unique_ptr<UnsentBytes> unsent_;
  std::unique_ptr<ConnectionMode> mode_;
  SocketAddress peer_;
  bool expects_proxy_ : 1;  // nothing was read but, perhaps, the beginning of a PROXY protocol header
  bool shaking_hands_ : 1;
  bool in_event_ : 1 = false;
  bool settling_ : 1 = false;  // settle_now() comes at the end of the round
  bool blocked_ : 1 = false;   // the kernel took no more
  bool restart_ : 1 = false;
  bool ended_ : 1 = false;      // the peer has finished sending
  bool finishing_ : 1 = false;  // so shall we
  bool finished_ : 1 = false;   // so have we
  bool dead_ : 1 = false;
  bool unread_ : 1 = false;  // bytes came that the mode did not want
  bool watch_read_ : 1 = true;
  bool watch_write_ : 1 = false;
  bool websocket_ : 1 = false;
  bool counts_unread_ : 1 = false;  // among those whose peer does not read
};

}  // namespace herald::transport
