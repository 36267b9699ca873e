#pragma once
// The thread that owns Proton: keeps a connection to one of the brokers, and connects outboxes and subscriptions with
// it. Other threads leave tasks; one wake-up serves all that gathered.

#include <atomic>
#include <condition_variable>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <proton/container.hpp>
#include <proton/work_queue.hpp>
#include <string>
#include <thread>
#include <vector>

#include "adapters/amqp/amqp_queue.h"
#include "adapters/amqp/back_off.h"
#include "adapters/amqp/broker_connection.h"
#include "adapters/amqp/inbound.h"
#include "adapters/amqp/outbox_table.h"
#include "base/inbox.h"

namespace herald::adapters {

class Engine {
 public:
  // Starts the thread. References must outlive stop().
  Engine(AmqpConfig config, const Clock& clock, RandomSource& random, Log& log, Metrics& metrics);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Any thread.
  void publish(const std::string& queue, Publication publication);
  void add(std::shared_ptr<Inbound> inbound);
  void remove(std::shared_ptr<Inbound> inbound);
  void settled(Inbound& inbound, DeliveryRange range);
  [[nodiscard]] bool connected() const { return connected_.load(std::memory_order_relaxed); }
  // Connections that followed a lost one.
  [[nodiscard]] std::uint64_t losses() const { return losses_.load(std::memory_order_relaxed); }
  [[nodiscard]] const OutboxTable& outboxes() const { return outboxes_; }

  // One thread, once: ends the thread, and answers what is not accepted with kUnavailable. What comes after is answered
  // so at once.
  void stop();

 private:
  void run_soon(Task task);
  void take_tasks();
  void pass_wakes_on();
  void woken(std::uint64_t wake_count);
  [[nodiscard]] bool live() const { return connection_ && connection_->open() && !stopped_; }
  void run();

  void connect();
  void plan_connect(std::chrono::milliseconds delay);
  void opened();
  void ended(const std::string& reason);
  void wake_on(proton::work_queue& work);
  void tick();
  void give_up();
  void begin_stop();
  [[nodiscard]] std::list<Intake>::iterator find(const Inbound& inbound);
  [[nodiscard]] bool away_too_long() const;
  [[nodiscard]] std::string connection_id();

  const AmqpConfig config_;
  const Clock& clock_;
  RandomSource& random_;
  Log& log_;
  Gauge& connected_gauge_;
  Counter& connections_;
  Counter& resent_;
  Counter& given_up_;

  OutboxTable outboxes_;
  std::atomic<bool> connected_{false};
  std::atomic<MonoTime> away_since_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> losses_{0};
  Inbox<Task> tasks_;

  // The broker's thread only, from here to the thread.
  std::list<Intake> intakes_;
  BackOff back_off_;
  std::size_t broker_ = 0;  // the one to try next, or the one connected to
  bool complained_ = false;
  bool was_connected_ = false;
  proton::container container_;
  proton::work_queue idle_work_;
  std::unique_ptr<BrokerConnection> connection_;
  std::vector<std::unique_ptr<BrokerConnection>> ended_;  // Proton may still know them
  // Where tasks run now: on the connection's queue, or on idle_work_. Counted, since a job of a former one may come
  // late.
  std::mutex wake_mutex_;
  proton::work_queue* wake_;
  std::uint64_t wake_count_ = 0;
  bool wake_wanted_ = false;
  bool wakes_over_ = false;
  std::condition_variable wake_asked_;
  std::promise<void> over_;
  std::thread thread_;
  // Proton's own wake-up writes to a descriptor, which an event loop with a descriptor table of its own does not have;
  // so callers wake this thread, and it wakes Proton's.
  std::thread waker_;
};

}  // namespace herald::adapters
