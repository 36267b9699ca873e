#pragma once
// Takes bodies for one subscription over one connection: no more than its credit, and accepted towards the broker only
// when the consumer has settled them. On the broker's thread only.
//
// Each link has a session of its own, which ends with it: RabbitMQ gives what a consumer had not settled to others when
// the session ends, not when the link does.

#include <deque>
#include <functional>
#include <memory>
#include <proton/delivery.hpp>
#include <proton/messaging_handler.hpp>
#include <proton/receiver.hpp>
#include <proton/session.hpp>
#include <string>

#include "adapters/amqp/inbound.h"

namespace proton {
class connection;
}

namespace herald::adapters {

// What the broker's thread knows of one subscription, from link to link.
struct Intake {
  std::shared_ptr<Inbound> inbound;
  std::size_t unsettled = 0;  // arrived, on whatever link, and not settled by the consumer
  bool ended = false;
};

class ReceiverLink final : public proton::messaging_handler {
 public:
  // Asks for what the intake's credit leaves. `closed` as with SenderLink. `intake` must outlive the link.
  ReceiverLink(proton::connection& connection, Intake& intake, std::function<void(const std::string&)> closed);

  // The consumer has done with these, which came over this link or an earlier one: the broker may forget them and send
  // as many more.
  void settled(DeliveryRange range);
  // Ends the link; the broker delivers what is not settled to others.
  void close();
  // The connection is gone: forgets its deliveries.
  void lost();
  [[nodiscard]] bool gone() const { return gone_; }

 private:
  void on_message(proton::delivery& delivery, proton::message& message) override;
  void on_receiver_detach(proton::receiver& receiver) override;
  void on_receiver_close(proton::receiver& receiver) override;
  void on_receiver_error(proton::receiver& receiver) override;
  void on_error(const proton::error_condition& condition) override;
  void ask();
  void accept(std::uint64_t number);
  void trim();

  Intake& intake_;
  std::function<void(const std::string&)> closed_;
  proton::session session_;
  proton::receiver receiver_;
  std::string reason_ = "closed by the broker";
  // Not settled yet, but for empty ones that were; deliveries_.front() has number first_.
  std::deque<proton::delivery> deliveries_;
  std::uint64_t first_ = 0;
  bool closing_ = false;
  bool gone_ = false;
};

}  // namespace herald::adapters
