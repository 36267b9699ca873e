#include "adapters/amqp/receiver_link.h"

#include <algorithm>
#include <cstdint>
#include <proton/connection.hpp>
#include <proton/error_condition.hpp>
#include <proton/message.hpp>
#include <proton/receiver_options.hpp>
#include <proton/source_options.hpp>
#include <proton/symbol.hpp>
#include <utility>

namespace herald::adapters {

namespace {

// Anything but bytes was not written by Herald; the consumer counts an empty body as unreadable.
std::string body_of(const proton::message& message) {
  const proton::value& body = message.body();
  if (body.type() == proton::STRING) return proton::get<std::string>(body);
  if (body.type() != proton::BINARY) return {};
  const auto bytes = proton::get<proton::binary>(body);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

ReceiverLink::ReceiverLink(proton::connection& connection, Intake& intake,
                           std::function<void(const std::string&)> closed)
    : intake_(intake), closed_(std::move(closed)) {
  proton::source_options source;
  source.capabilities({proton::symbol("queue")});
  session_ = connection.open_session();
  receiver_ = session_.open_receiver(
      intake_.inbound->queue(),
      proton::receiver_options().handler(*this).source(source).credit_window(0).auto_accept(false));
  ask();
}

void ReceiverLink::settled(DeliveryRange range) {
  if (closing_ || gone_) return;
  for (std::size_t i = 0; i < range.count; ++i) accept(range.first + i);
  trim();
  ask();
}

// Brings the broker's credit to what the intake's leaves, and does not add to it: RabbitMQ sends more than it was asked
// for if a request meets deliveries on their way, and Proton would then ask for less than nothing, which is taken for
// four billion.
void ReceiverLink::ask() {
  const std::size_t most = intake_.inbound->credit();
  const auto wanted = static_cast<std::int64_t>(most - std::min(most, intake_.unsettled));
  if (const std::int64_t asked = receiver_.credit(); wanted > asked) {
    receiver_.add_credit(static_cast<std::uint32_t>(wanted - asked));
  }
}

void ReceiverLink::close() {
  closing_ = true;
  deliveries_.clear();
  receiver_.close();
  session_.close();
}

void ReceiverLink::lost() {
  if (std::exchange(gone_, true)) return;
  deliveries_.clear();
  if (!closing_) intake_.unsettled -= intake_.inbound->lost();
}

void ReceiverLink::on_message(proton::delivery& delivery, proton::message& message) {
  if (closing_ || gone_) return;
  ++intake_.unsettled;
  const std::uint64_t number = intake_.inbound->arrived(body_of(message));
  if (deliveries_.empty()) first_ = number;
  deliveries_.push_back(delivery);
}

void ReceiverLink::on_receiver_detach(proton::receiver& receiver) {
  on_receiver_close(receiver);
}

void ReceiverLink::on_receiver_close(proton::receiver& receiver) {
  if (gone_) return;
  receiver.close();
  session_.close();
  lost();
  if (!closing_) closed_(reason_);
}

void ReceiverLink::on_receiver_error(proton::receiver& receiver) {
  reason_ = receiver.error().what();
}

void ReceiverLink::on_error(const proton::error_condition& condition) {
  reason_ = condition.what();
}

void ReceiverLink::accept(std::uint64_t number) {
  // What came over an earlier link is the broker's again.
  if (number < first_ || number - first_ >= deliveries_.size()) return;
  proton::delivery& delivery = deliveries_[number - first_];
  delivery.accept();
  delivery = {};
}

void ReceiverLink::trim() {
  while (!deliveries_.empty() && !deliveries_.front()) {
    deliveries_.pop_front();
    ++first_;
  }
}

}  // namespace herald::adapters
