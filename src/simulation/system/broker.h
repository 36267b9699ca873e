#pragma once
// The queues of a run. Keeps what ports/message_queue.h promises and nothing more: bodies come late, are refused, are
// handed out in any batches, come again after their consumer has gone, and, where the run says so, are lost, repeated
// or reordered. What a server's queue loses is told by losses(), as a broker's adapter does; an announcement of a new
// message may be lost without a word, since the sweep finds the message.

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports/message_queue.h"
#include "simulation/system/ground.h"
#include "simulation/system/swarm.h"

namespace herald::simulation::system {

class Broker;

// One process's connection to the broker. Lives as long as the broker; `disconnect` and `die` are the world's.
class BrokerHandle final : public ports::MessageQueue {
 public:
  explicit BrokerHandle(Broker& broker) : broker_(broker) {}

  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override;
  std::unique_ptr<ports::Subscription> subscribe(std::string queue, std::size_t credit, Executor& executor,
                                                 std::function<void(ports::QueueBatch)> consumer) override;
  [[nodiscard]] std::uint64_t losses() const override { return losses_; }
  [[nodiscard]] std::vector<Depth> depths() const override;

  // The process is gone: its unsettled bodies go back.
  void die();
  void disconnect();
  // Counts as a loss.
  void reconnect();
  [[nodiscard]] bool connected() const { return connected_; }

 private:
  friend class Broker;
  Broker& broker_;
  std::uint64_t losses_ = 0;
  bool connected_ = true;
  bool dead_ = false;
  std::map<std::string, MonoTime> published_at_;  // publications of one process keep their order
};

class Broker {
 public:
  Broker(Ground& ground, const QueueFaults& faults);
  // Frees what the processes left in it; before the ground ends.
  ~Broker();

  // One connection for each start of a process.
  BrokerHandle& connect();
  // Loses bodies of every queue, and tells every process.
  void crash();
  // The queue inside a process ends with it.
  void forget_everything();
  // From now on bodies come, once and in order.
  void stop_faults() { faults_ = QueueFaults{}; }
  // Nothing waits and nothing is unsettled.
  [[nodiscard]] bool empty() const;

 private:
  friend class BrokerHandle;
  struct Consumer;
  struct Queue;
  class Ended;

  void take(const std::string& queue, std::vector<std::string> bodies);
  void deal_later(const std::string& name);
  void deal(const std::string& name);
  void hand_out(Queue& queue, const std::shared_ptr<Consumer>& consumer);
  void settle(const std::shared_ptr<Consumer>& consumer, std::uint64_t batch);
  void give_back(const std::shared_ptr<Consumer>& consumer);
  void end(const std::shared_ptr<Consumer>& consumer);
  [[nodiscard]] milliseconds lateness();

  Ground& ground_;
  QueueFaults faults_;
  std::uint64_t batches_ = 0;
  std::map<std::string, Queue> queues_;
  std::vector<std::unique_ptr<BrokerHandle>> handles_;
};

}  // namespace herald::simulation::system
