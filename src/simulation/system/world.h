#pragma once
// One run: processes, devices and senders on one ground. First chaos, where faults come and only safety is checked;
// then calm, where faults stop and everything must drain, and all resources return to what an idle server has.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/in_memory/in_memory_store.h"
#include "base/random.h"
#include "simulation/system/device.h"
#include "simulation/system/senders.h"

namespace herald::simulation::system {

class World final : private DeviceHost, private ports::WakeupSender {
 public:
  World(Choices& choices, Trace& trace);
  ~World() override;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The violation of a rule, or nothing.
  [[nodiscard]] std::optional<std::string> run();

 private:
  void make_processes();
  void make_devices();

  void chaos();
  void act();
  void inject();
  void restart_later(Process& process);

  // Faults stop; everything that was stopped starts again.
  void calm_down();
  // Runs until everything is idle; false: it is not within kCalmMost.
  [[nodiscard]] bool settle();
  // Empty: everything is as in an idle installation.
  [[nodiscard]] std::string busy_with();
  // The windows are still as wide as configured, sleeping devices are still woken, and an app whose window is full
  // holds up no other.
  void probe();
  // `count` posts from number `first` on have reached who is registered for them.
  void check_reached(std::uint64_t first, std::size_t count, std::string_view rule);
  void check_receipts();

  [[nodiscard]] std::shared_ptr<Link> connect(DeviceEnd& device, FrameWatcher& watcher, bool subprotocol) override;
  void pull(HttpAsk what, const UserAgentId& device, HttpAnswered then) override;
  [[nodiscard]] Status send(const WakeInterface& to, std::string_view datagram) override;
  void ask(bool ProcessSpec::* role, HttpAsk what, HttpAnswered then);
  // One of those that serve and have the role, drawn; null: none.
  [[nodiscard]] Process* serving(bool ProcessSpec::* role);
  [[nodiscard]] std::vector<ports::Unrouted> unrouted();
  // Where the directory has it, for people.
  [[nodiscard]] std::string whereabouts(const UserAgentId& device);
  [[nodiscard]] bool pending_for(const UserAgentId& device);

  Choices& choices_;
  Trace& trace_;
  Swarm swarm_;
  Ground ground_;
  Model model_;
  SeededRandom random_;
  Installation installation_;
  MachineClock true_clock_;
  Broker broker_;
  adapters::InMemoryStore store_;
  Site site_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::string> apps_;
  std::vector<std::unique_ptr<Flow2012Device>> devices_;
  std::unique_ptr<Senders> senders_;
  bool calm_ = false;
};

}  // namespace herald::simulation::system
