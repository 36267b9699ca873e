#include "adapters/amqp/sender_link.h"

#include <cstring>
#include <proton/connection.hpp>
#include <proton/error_condition.hpp>
#include <proton/sender_options.hpp>
#include <proton/symbol.hpp>
#include <proton/target_options.hpp>
#include <proton/tracker.hpp>

namespace herald::adapters {

namespace {

proton::binary tag_of(std::uint64_t number) {
  proton::binary tag(sizeof number);
  std::memcpy(tag.data(), &number, sizeof number);
  return tag;
}

std::uint64_t number_of(const proton::tracker& tracker) {
  const proton::binary tag = tracker.tag();
  std::uint64_t number = 0;
  if (tag.size() == sizeof number) std::memcpy(&number, tag.data(), sizeof number);
  return number;
}

}  // namespace

SenderLink::SenderLink(proton::connection& connection, OutboxPtr outbox, std::uint64_t ttl_ms,
                       std::function<void(const std::string&)> closed)
    : outbox_(std::move(outbox)), closed_(std::move(closed)) {
  message_.durable(false);
  message_.inferred(true);
  if (ttl_ms > 0) message_.ttl(proton::duration(static_cast<proton::duration::numeric_type>(ttl_ms)));
  // Without the capability, Artemis makes a topic of a name it does not know.
  proton::target_options target;
  target.capabilities({proton::symbol("queue")});
  sender_ = connection.open_sender(outbox_->queue(), proton::sender_options().handler(*this).target(target));
}

void SenderLink::pump() {
  if (closing_ || gone_) return;
  while (sender_.credit() > 0) {
    const std::string* body = outbox_->next();
    if (body == nullptr) return;
    message_.body(proton::binary(*body));
    sender_.send(message_, tag_of(outbox_->sent()));
  }
}

void SenderLink::close() {
  closing_ = true;
  sender_.close();
}

void SenderLink::on_sendable(proton::sender& /*sender*/) {
  pump();
}

void SenderLink::on_tracker_accept(proton::tracker& tracker) {
  if (!gone_) outbox_->accepted(number_of(tracker));
}

void SenderLink::on_tracker_reject(proton::tracker& tracker) {
  if (!gone_) outbox_->refused(number_of(tracker), {ErrorKind::kExhausted, "the broker takes no more for a queue"});
}

void SenderLink::on_tracker_release(proton::tracker& tracker) {
  on_tracker_reject(tracker);
}

void SenderLink::on_sender_detach(proton::sender& sender) {
  on_sender_close(sender);
}

void SenderLink::on_sender_close(proton::sender& sender) {
  sender.close();
  ended(reason_);
}

// Comes before on_sender_close().
void SenderLink::on_sender_error(proton::sender& sender) {
  reason_ = sender.error().what();
}

void SenderLink::on_error(const proton::error_condition& condition) {
  reason_ = condition.what();
}

void SenderLink::ended(const std::string& reason) {
  if (gone_) return;
  gone_ = true;
  if (closing_) return;
  closed_(reason);
}

}  // namespace herald::adapters
