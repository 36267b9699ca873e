#pragma once
// What sleeping devices do: hear pings, pull, ack. One UDP socket hears for all devices of a loop: each has an address
// of its own in 127.0.0.0/8, and a datagram tells which it was sent to.

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "load/device_pool.h"

namespace herald::load {

// The address on which device `device` of the run hears pings. Below 4 million devices.
[[nodiscard]] std::string ear_address(std::uint64_t device);
// The device that `address` (host order) belongs to; kNobody if none.
inline constexpr std::uint64_t kNobody = ~0ULL;
[[nodiscard]] std::uint64_t ear_owner(std::uint32_t address);

class Puller final : public transport::IoHandler {
 public:
  // kUnavailable: no socket.
  [[nodiscard]] static Result<std::unique_ptr<Puller>> create(Site& site, DevicePool& devices);
  ~Puller() override;

  // Where the device at `place` of the pool is to be pinged.
  [[nodiscard]] std::pair<std::string, std::uint16_t> interface(std::uint32_t place) const;
  // Pings have come.
  void on_ready(bool readable, bool writable, bool hung_up) override;

 private:
  struct Line;  // a connection
  struct Pinged {
    std::uint32_t place = 0;
    std::string nonce;  // of the ping, which a pull proves with it; empty: none came
  };

  Puller(Site& site, DevicePool& devices);
  Status listen();
  void pinged(std::uint64_t device, std::string_view nonce);
  void assign();
  void connect(Line& line);
  void on_line(Line& line, bool readable, bool writable, bool hung_up);
  void ask(Line& line);
  void write(Line& line);
  void read(Line& line);
  void take_page(Line& line, const HttpAnswer& answer);
  void finish(Line& line);
  void ended(Line& line);

  Site& site_;
  DevicePool& devices_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::deque<Pinged> pinged_;
  std::vector<std::uint8_t> waits_;  // by place: in pinged_, or being pulled; 2: pinged again meanwhile
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace herald::load
