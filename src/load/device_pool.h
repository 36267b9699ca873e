#pragma once
// The devices of one loop: each is 96 bytes, a token, and a descriptor while it is connected.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/http_response.h"
#include "load/site.h"
#include "transport/websocket_codec.h"

namespace herald::load {

class DevicePool;

enum class DeviceState : std::uint8_t {
  kAway,        // no connection, on purpose
  kConnecting,  // TCP, TLS
  kToken,       // GET /token
  kUpgrading,   // the WebSocket handshake
  kRegisteringUa,
  kRegisteringWa,
  kFallingAsleep,  // register/ua with an interface
  kReady,
  kAsleep,  // no connection; woken by UDP
};

struct Device final : public transport::IoHandler {
  void on_ready(bool readable, bool writable, bool hung_up) override;

  // Bytes that wait; only while some do.
  struct Waiting {
    std::string in;
    std::string out;
  };

  DevicePool* pool = nullptr;
  Link link;
  transport::WebSocketDecoder decoder{transport::WebSocketRole::kClient, kResponseMaxBytes};
  std::unique_ptr<Waiting> waiting;
  std::unique_ptr<char[]> token;  // zero-terminated
  std::uint32_t place = 0;        // in the pool
  DeviceState state = DeviceState::kAway;
  bool has_app = false;
  bool cut = false;  // drop the connection when this round's bytes are read
};
static_assert(sizeof(Device) <= 104, "an idle device is to cost at most 300 bytes with its token and app");

class DevicePool {
 public:
  // Devices number, number + loops, number + 2 · loops, … of the plan.
  explicit DevicePool(Site& site);
  ~DevicePool();
  DevicePool(const DevicePool&) = delete;
  DevicePool& operator=(const DevicePool&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint64_t device_number(std::uint32_t place) const;
  [[nodiscard]] std::string_view token(std::uint32_t place) const { return devices_[place].token.get(); }
  [[nodiscard]] DeviceState state(std::uint32_t place) const { return devices_[place].state; }

  // Brings a device that is away: it connects when its turn comes, and registers what it has not yet.
  void bring(std::uint32_t place);
  // Ends the connection of a ready device, with a close frame or a reset.
  void leave(std::uint32_t place, bool politely);
  // Sends a text message from a ready device.
  void send_text(std::uint32_t place, std::string_view text);

  // Arrivals of which so many in a thousand are not acked: the connection is cut instead, and the device comes back.
  void drop_per_mille(unsigned per_mille) { drop_per_mille_ = per_mille; }
  // Makes every device fall asleep once registered: answers its interface as ip and port.
  void sleep_at(std::function<std::pair<std::string, std::uint16_t>(std::uint32_t place)> interface) {
    interface_ = std::move(interface);
  }
  // Told of each first arrival.
  void on_arrival(std::function<void(std::uint32_t place)> then) { on_arrival_ = std::move(then); }

 private:
  friend struct Device;
  class Sink;

  void on_ready(Device& device, bool readable, bool writable, bool hung_up);
  void open_some();
  void open(Device& device);
  void establish(Device& device);
  void established(Device& device);
  void read(Device& device);
  bool take_bytes(Device& device, std::span<std::uint8_t> bytes);
  bool take_http(Device& device, std::span<std::uint8_t> bytes);
  bool take_answer(Device& device, const HttpAnswer& answer);
  bool take_frames(Device& device, std::span<std::uint8_t> bytes);
  bool take_text(Device& device, std::string_view text);
  void take_delivery(Device& device, const FoundDelivery& found, MonoTime now);
  bool take_reply(Device& device, std::string_view text);
  bool take_webpush_reply(Device& device, std::string_view text);
  void acknowledge(const Device& device, std::string_view message_id);
  void ask_token(Device& device);
  void upgrade(Device& device);
  void keep_token(Device& device, std::string_view token);
  void say_hello(Device& device);
  void register_channel(Device& device);
  void register_ua(Device& device);
  void register_wa(Device& device);
  void fall_asleep(Device& device);
  void became_ready(Device& device, DeviceState state);
  void write(Device& device, std::string_view bytes);
  void flush(Device& device);
  void ended(Device& device);
  void close(Device& device, bool politely);
  void retry(Device& device, std::chrono::milliseconds delay);
  void append_text_frame(std::string& out, std::string_view text) const;
  [[nodiscard]] bool opening(const Device& device) const;

  Site& site_;
  const std::size_t size_;
  std::unique_ptr<Device[]> devices_;
  std::unique_ptr<Sink> sink_;
  std::deque<std::uint32_t> coming_;
  std::size_t opening_count_ = 0;
  std::string out_;  // frames to be written at the end of a read
  std::string scratch_;
  unsigned drop_per_mille_ = 0;
  std::function<std::pair<std::string, std::uint16_t>(std::uint32_t)> interface_;
  std::function<void(std::uint32_t)> on_arrival_;
};

}  // namespace herald::load
