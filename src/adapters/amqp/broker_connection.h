#pragma once
// One connection to one broker, or the attempt at it, with its links. On the broker's thread only.

#include <functional>
#include <map>
#include <memory>
#include <proton/connection.hpp>
#include <proton/messaging_handler.hpp>
#include <string>
#include <vector>

#include "adapters/amqp/amqp_queue.h"
#include "adapters/amqp/receiver_link.h"
#include "adapters/amqp/sender_link.h"
#include "base/time.h"

namespace proton {
class container;
class work_queue;
}  // namespace proton

namespace herald::adapters {

struct ConnectionEvents {
  std::function<void()> opened;
  // Once; the links are gone, and outboxes rewound. The connection must not be destroyed inside.
  std::function<void(const std::string& reason)> ended;
  // The broker ended a link, which is opened again later.
  std::function<void(const std::string& queue, const std::string& reason)> link_ended;
};

class BrokerConnection final : public proton::messaging_handler {
 public:
  // Begins to connect. `id`: no other connection's. Must outlive finished(). References must outlive it.
  BrokerConnection(proton::container& container, const BrokerUrl& broker, const std::string& id,
                   const AmqpConfig& config, const Clock& clock, ConnectionEvents events);
  ~BrokerConnection() override;

  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] MonoTime began() const { return began_; }
  // Proton knows it no more.
  [[nodiscard]] bool finished() const { return finished_; }
  // What runs there runs on the connection's thread in its turn. Valid until ended.
  [[nodiscard]] proton::work_queue& work_queue() { return connection_.work_queue(); }

  // While open. Sends what the outbox holds, now or as the broker gives credit.
  void send(const OutboxPtr& outbox);
  // While open. `intake` must stay until release() or the end.
  void receive(Intake& intake);
  void settled(Intake& intake, DeliveryRange range);
  void release(Intake& intake);
  // While open, regularly: opens again links that the broker ended. Answers the outboxes whose links were unused for
  // `idle` and are closed now.
  std::vector<OutboxPtr> tend(std::chrono::milliseconds idle);

  // Ends it: politely if open. ended() is called soon, or by abandon() at once.
  void close();
  void abandon(const std::string& reason);

  // So many bodies had been sent, not accepted, when the connection ended.
  [[nodiscard]] std::size_t interrupted() const { return interrupted_; }

 private:
  struct Retired {
    MonoTime at;
    std::unique_ptr<proton::messaging_handler> link;
  };

  void on_connection_open(proton::connection& connection) override;
  void on_connection_close(proton::connection& connection) override;
  void on_connection_error(proton::connection& connection) override;
  void on_session_error(proton::session& session) override;
  void on_transport_error(proton::transport& transport) override;
  void on_transport_close(proton::transport& transport) override;
  void on_error(const proton::error_condition& condition) override;

  [[nodiscard]] std::unique_ptr<SenderLink> make_sender(const OutboxPtr& outbox);
  [[nodiscard]] std::unique_ptr<ReceiverLink> make_receiver(Intake& intake);
  void relink();
  void retire(std::unique_ptr<proton::messaging_handler> link);
  void end(const std::string& reason);

  const AmqpConfig& config_;
  const Clock& clock_;
  ConnectionEvents events_;
  proton::connection connection_;
  std::map<std::string, std::unique_ptr<SenderLink>> senders_;
  std::map<Intake*, std::unique_ptr<ReceiverLink>> receivers_;
  std::vector<Retired> retired_;  // Proton may still name them for a while
  MonoTime began_;
  MonoTime relink_at_;
  std::string reason_ = "closed by the broker";
  std::size_t interrupted_ = 0;
  bool link_ended_ = false;
  bool open_ = false;
  bool ended_ = false;
  bool finished_ = false;
};

}  // namespace herald::adapters
