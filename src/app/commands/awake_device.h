#pragma once
// A device with an open WebSocket: connects, registers, shows, acks; connects again with back-off.

#include <chrono>
#include <memory>
#include <optional>

#include "app/commands/client.h"
#include "app/commands/device_session.h"
#include "app/commands/listen_output.h"
#include "app/exit_code.h"

namespace herald::app {

// Time to wait before the next attempt: 1 s, doubling up to 60 s, minus up to half at random so that devices spread.
[[nodiscard]] std::chrono::milliseconds reconnect_delay(unsigned failures, std::uint8_t random);

// Drives one device on the client's loop until enough has arrived (nullopt) or it can't go on: the
// server refused it, or another client with the same token took over.
class AwakeDevice {
 public:
  // References outlive it. `server`: base URL.
  AwakeDevice(Client& client, std::string server, ListeningDevice& session, ListenOutput& output);
  ~AwakeDevice();

  [[nodiscard]] std::optional<Failure> run();
  // Only registers, as a sleeping device does: ends once the server has it all.
  [[nodiscard]] std::optional<Failure> register_once();

 private:
  class Handler;

  void connect();
  void act(const DeviceStep& step);
  void not_connected(const Error& error);
  void closed(const std::string& why);
  void taken_over();
  void finish(std::optional<Failure> result);
  void hang_up();
  [[nodiscard]] std::optional<Failure> drive();

  Client& client_;
  std::string server_;
  ListeningDevice& session_;
  ListenOutput& output_;
  // Null once this is gone: a connection may outlive it on the loop.
  std::shared_ptr<AwakeDevice*> self_ = std::make_shared<AwakeDevice*>(this);
  transport::WebSocket* socket_ = nullptr;
  TimerId retry_ = 0;
  TimerId give_up_ = 0;
  unsigned failures_ = 0;
  bool once_ = false;
  bool done_ = false;
  std::optional<Failure> result_;
};

}  // namespace herald::app
