#pragma once
// A device that sleeps: registers where it can be pinged, waits for pings, pulls, acks.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/commands/client.h"
#include "app/commands/device_session.h"
#include "app/commands/listen_output.h"
#include "app/exit_code.h"
#include "protocol/wakeup/ping.h"
#include "transport/udp_socket.h"

namespace herald::app {

class SleepingDevice {
 public:
  // References outlive it. `session` has the address at which `pings` will be open.
  SleepingDevice(Client& client, std::string server, DeviceSession& session, ListenOutput& output, bool acks);

  // A datagram came: its content is not trusted, it only means "pull". The nonce in it proves that it came.
  void woken(std::string_view datagram) {
    woken_ = true;
    nonce_ = protocol::wakeup::nonce_in(datagram);
  }
  // Registers, then serves pings until enough has arrived (nullopt) or it can't go on.
  [[nodiscard]] std::optional<Failure> run();

 private:
  [[nodiscard]] std::optional<Failure> pull_all();
  [[nodiscard]] Result<std::vector<Arrived>> pull(const std::vector<std::string>& acks);

  Client& client_;
  std::string server_;
  DeviceSession& session_;
  ListenOutput& output_;
  bool acks_;
  bool woken_ = true;  // what waited from before is fetched first
  std::string nonce_;  // of the last ping
};

}  // namespace herald::app
