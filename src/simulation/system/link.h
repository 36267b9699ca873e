#pragma once
// One WebSocket between a device and an event loop, both ends of it: frames arrive in order, late or never, and each
// end may close, vanish or stall.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/system/ground.h"
#include "transport/websocket.h"

namespace herald::simulation::system {

// The device's end. Called by the ground's events.
class DeviceEnd {
 public:
  virtual ~DeviceEnd() = default;
  virtual void on_frame(std::string_view text) = 0;
  virtual void on_closed() = 0;
};

// The server's side of a frame, as it is written, before the network takes it.
class FrameWatcher {
 public:
  virtual ~FrameWatcher() = default;
  virtual void frame_written(std::string_view text, WallTime now) = 0;
};

class Link final : public transport::WebSocket, public std::enable_shared_from_this<Link> {
 public:
  // `strand`: the event loop that holds the server's end, on a machine with that clock. The device must call
  // forget_device() before it ends.
  Link(Ground& ground, Strand& strand, const MachineClock& clock, DeviceEnd& device)
      : ground_(ground), strand_(strand), clock_(clock), device_(&device) {}

  // The server accepted it with this handler. On the strand.
  void open(std::unique_ptr<transport::WebSocketHandler> handler, FrameWatcher* watcher);
  // The server refused it, or its process died.
  void break_off();
  // The server has had it.
  [[nodiscard]] bool was_opened() const { return opened_; }

  // The device's side.
  void device_sends(std::string text);
  void device_closes();
  // The device hears nothing any more; the server notices after a while.
  void device_vanishes();
  void forget_device() { device_ = nullptr; }
  // The device reads nothing for a while.
  void stall(milliseconds for_time);
  [[nodiscard]] bool open_for_device() const { return device_ != nullptr && !device_closed_; }

  // The server's side.
  void send_text(std::string_view text) override;
  void close(transport::CloseCode code, std::string_view reason) override;
  [[nodiscard]] std::size_t unsent_bytes() const override;
  [[nodiscard]] transport::SocketAddress peer() const override { return {}; }

  // The server's end still exists.
  [[nodiscard]] bool server_open() const { return handler_ != nullptr; }
  // Called before the process dies; the handler is destroyed without a word.
  void server_dies();

 private:
  [[nodiscard]] MonoTime next_down();
  [[nodiscard]] MonoTime next_up();
  void arrives(const std::string& text);
  void end_server_side(transport::CloseCode code);
  void tell_device_closed();

  Ground& ground_;
  Strand& strand_;
  const MachineClock& clock_;
  DeviceEnd* device_;
  FrameWatcher* watcher_ = nullptr;
  std::unique_ptr<transport::WebSocketHandler> handler_;
  std::vector<std::string> early_;  // frames that came before the server opened
  MonoTime last_down_;
  MonoTime last_up_;
  MonoTime stalled_until_;
  std::size_t unsent_ = 0;
  bool opened_ = false;
  bool server_closing_ = false;
  bool device_closed_ = false;
};

}  // namespace herald::simulation::system
