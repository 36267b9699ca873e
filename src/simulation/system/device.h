#pragma once
// A simulated device: connects, registers, acks (late, twice, wrongly or never), leaves, comes back elsewhere, sleeps
// and pulls. One class for each generation of the protocol.

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/system/link.h"
#include "simulation/system/model.h"
#include "simulation/system/process.h"

namespace herald::simulation::system {

// What devices ask of the world around them.
class DeviceHost {
 public:
  virtual ~DeviceHost() = default;
  // Opens a WebSocket to some server that serves, any loop of it. Null: none serves now.
  [[nodiscard]] virtual std::shared_ptr<Link> connect(DeviceEnd& device, FrameWatcher& watcher, bool subprotocol) = 0;
  // Asks some wake-up server. Answered with nullopt if none serves.
  virtual void pull(HttpAsk what, const UserAgentId& device, HttpAnswered then) = 0;
};

// One delivery as a frame or an answer shows it.
struct Delivered {
  MessageId id;
  std::uint64_t number = 0;  // the sender's, 0: not shown
};

class Device : public DeviceEnd {
 public:
  Device(Site& site, DeviceHost& host, const UserAgentId& id);
  ~Device() override;

  [[nodiscard]] const UserAgentId& id() const { return id_; }
  // What it may do next, drawn.
  virtual void act();
  // From now on it stays connected and acks everything.
  virtual void calm_down();
  // Tries again what failed, while it is calm.
  virtual void nudge();
  // Empty: it is where it should be in the calm, with everything registered. Else what it waits for.
  [[nodiscard]] virtual std::string waits_for() const = 0;
  // It keeps acks to itself, so that its window fills; or gives those it kept.
  void hold_acks(bool hold);

 protected:
  [[nodiscard]] Choices& choices() { return site_.ground.choices(); }
  [[nodiscard]] bool calm() const { return calm_; }
  [[nodiscard]] bool connected() const { return link_ != nullptr && link_->open_for_device(); }
  void connect();
  // A new connection is open, or asked for: the first frames.
  virtual void greet() = 0;
  // The connection is gone.
  virtual void lost() = 0;
  [[nodiscard]] virtual bool subprotocol() const { return true; }
  // What a frame delivers; nothing if it is no delivery.
  [[nodiscard]] virtual std::vector<Delivered> deliveries_in(std::string_view frame) const = 0;
  // The frame that acks it.
  [[nodiscard]] virtual std::string ack_frame(const MessageId& id) const = 0;
  // Frames that are no deliveries.
  virtual void on_reply(std::string_view frame) = 0;
  // Whether a delivery written now went through the window.
  [[nodiscard]] virtual bool windowed_now() const { return true; }
  // Asleep: it does not connect in the calm.
  [[nodiscard]] virtual bool stays_away() const { return false; }
  // The server would take an ack for this device's.
  [[nodiscard]] virtual bool may_ack() const = 0;
  // For the trace.
  [[nodiscard]] virtual std::string name() const = 0;
  // More than `window_limit()` unacked of one app on one connection break a rule.
  [[nodiscard]] virtual std::size_t window_limit() const = 0;

  void send(std::string text);
  void take(const std::vector<Delivered>& deliveries);
  void ack(const MessageId& id);
  void leave();
  // It asks to be unregistered, and has the answer. Between the two the server forgets what is unacked of the app; when
  // is not known, so its window is not checked.
  void leaves(const AppId& app);
  void has_left(const AppId& app);

  Site& site_;
  DeviceHost& host_;
  UserAgentId id_;
  std::shared_ptr<Link> link_;

 private:
  class Watcher;

  void on_frame(std::string_view text) override;
  void on_closed() override;
  void choose_ack(const MessageId& id);
  void ack_wrongly();
  void reconnect_later();

  std::unique_ptr<Watcher> watcher_;
  std::vector<std::unique_ptr<Watcher>> old_watchers_;
  std::vector<MessageId> unacked_;  // got and not acked
  std::vector<MessageId> held_;
  std::multiset<AppId> leaves_;
  bool holding_ = false;
  bool calm_ = false;
  bool reconnecting_ = false;
};

// Of the 2012 flow: with apps that it may share with other devices; asleep now and then if it may sleep.
class Flow2012Device final : public Device {
 public:
  Flow2012Device(Site& site, DeviceHost& host, const UserAgentId& id, std::vector<std::string> apps, bool sleeps);

  void act() override;
  void calm_down() override;
  void nudge() override;
  [[nodiscard]] std::string waits_for() const override;
  // A datagram came.
  void pinged();

 private:
  enum class Want : std::uint8_t { kUa, kSleep, kWa, kUnregister, kPending };
  struct Asked {
    Want what;
    std::size_t app;
  };

  void greet() override;
  void lost() override;
  [[nodiscard]] std::vector<Delivered> deliveries_in(std::string_view frame) const override;
  [[nodiscard]] std::string ack_frame(const MessageId& id) const override;
  void on_reply(std::string_view frame) override;
  [[nodiscard]] std::size_t window_limit() const override;
  [[nodiscard]] bool windowed_now() const override;
  [[nodiscard]] bool stays_away() const override { return asleep_ && !connected(); }
  [[nodiscard]] bool may_ack() const override { return online_; }
  [[nodiscard]] std::string name() const override;

  void register_ua(bool asleep);
  void register_wa(std::size_t app);
  void unregister_wa(std::size_t app);
  void pull();
  void pulled(std::optional<transport::HttpResponse> response);
  [[nodiscard]] std::string token() const { return site_.installation.tokens.token_of(id_); }

  std::vector<std::string> apps_;
  std::vector<bool> registered_;
  std::deque<Asked> asked_;
  bool sleeps_;
  bool online_ = false;
  bool asleep_ = false;
  bool pulling_ = false;
  std::vector<MessageId> acks_to_post_;
};

}  // namespace herald::simulation::system
