#include "adapters/amqp/broker_connection.h"

#include <proton/connection_options.hpp>
#include <proton/container.hpp>
#include <proton/error_condition.hpp>
#include <proton/session.hpp>
#include <proton/ssl.hpp>
#include <proton/transport.hpp>
#include <proton/work_queue.hpp>
#include <utility>

#include "base/check.h"

namespace herald::adapters {

namespace {

// Between two attempts to open links that the broker ended: as if its queue had been deleted, or was forbidden.
constexpr std::chrono::milliseconds kRelinkDelay{500};
// Proton hands a closed link its last events long before.
constexpr std::chrono::milliseconds kRetiredFor{10'000};

proton::duration duration_of(std::uint64_t ms) {
  return proton::duration(static_cast<proton::duration::numeric_type>(ms));
}

proton::connection_options options_for(const BrokerUrl& broker, const std::string& id, const AmqpConfig& config) {
  proton::connection_options options;
  options.container_id(id);
  options.idle_timeout(duration_of(config.limits.broker_silence_ms));
  options.sasl_enabled(true);
  if (config.user.empty()) {
    options.sasl_allowed_mechs("ANONYMOUS");
  } else {
    options.user(config.user).password(config.password);
    options.sasl_allow_insecure_mechs(true).sasl_allowed_mechs("PLAIN");
  }
  if (broker.tls) {
    options.ssl_client_options(config.ca_file.empty() ? proton::ssl_client_options()
                                                      : proton::ssl_client_options(config.ca_file));
  }
  return options;
}

}  // namespace

BrokerConnection::BrokerConnection(proton::container& container, const BrokerUrl& broker, const std::string& id,
                                   const AmqpConfig& config, const Clock& clock, ConnectionEvents events)
    : config_(config), clock_(clock), events_(std::move(events)), began_(clock.mono()) {
  connection_ = container.connect(broker.to_string(), options_for(broker, id, config).handler(*this));
}

BrokerConnection::~BrokerConnection() = default;

void BrokerConnection::send(const OutboxPtr& outbox) {
  auto& link = senders_[outbox->queue()];
  if (!link) link = make_sender(outbox);
  link->used(clock_.mono());
  link->pump();
}

void BrokerConnection::receive(Intake& intake) {
  const bool fresh = receivers_.try_emplace(&intake, make_receiver(intake)).second;
  HERALD_CHECK(fresh, "Proton calls a link's handler until the link has closed: none may be replaced");
}

void BrokerConnection::settled(Intake& intake, DeliveryRange range) {
  if (const auto found = receivers_.find(&intake); found != receivers_.end()) found->second->settled(range);
}

void BrokerConnection::release(Intake& intake) {
  const auto found = receivers_.find(&intake);
  if (found == receivers_.end()) return;
  found->second->close();
  retire(std::move(found->second));
  receivers_.erase(found);
}

std::vector<OutboxPtr> BrokerConnection::tend(std::chrono::milliseconds idle) {
  const MonoTime now = clock_.mono();
  if (link_ended_ && now >= relink_at_) relink();
  std::vector<OutboxPtr> unused;
  for (auto link = senders_.begin(); link != senders_.end();) {
    if (link->second->outbox()->unaccepted() > 0 || now - link->second->idle_since() < idle) {
      ++link;
      continue;
    }
    unused.push_back(link->second->outbox());
    link->second->close();
    retire(std::move(link->second));
    link = senders_.erase(link);
  }
  std::erase_if(retired_, [&](const Retired& retired) { return now - retired.at >= kRetiredFor; });
  return unused;
}

void BrokerConnection::close() {
  connection_.close();
  connection_.wake();
}

void BrokerConnection::abandon(const std::string& reason) {
  end(reason);
  close();
}

std::unique_ptr<SenderLink> BrokerConnection::make_sender(const OutboxPtr& outbox) {
  return std::make_unique<SenderLink>(connection_, outbox, config_.limits.queue_message_ttl_ms,
                                      [this, outbox](const std::string& reason) {
                                        outbox->rewind();
                                        link_ended_ = true;
                                        relink_at_ = clock_.mono() + kRelinkDelay;
                                        events_.link_ended(outbox->queue(), reason);
                                      });
}

std::unique_ptr<ReceiverLink> BrokerConnection::make_receiver(Intake& intake) {
  return std::make_unique<ReceiverLink>(connection_, intake, [this, &intake](const std::string& reason) {
    link_ended_ = true;
    relink_at_ = clock_.mono() + kRelinkDelay;
    events_.link_ended(intake.inbound->queue(), reason);
  });
}

void BrokerConnection::relink() {
  link_ended_ = false;
  for (auto& [queue, link] : senders_) {
    if (!link->gone()) continue;
    auto fresh = make_sender(link->outbox());
    fresh->used(clock_.mono());
    retire(std::exchange(link, std::move(fresh)));
  }
  for (auto& [intake, link] : receivers_) {
    if (link->gone()) retire(std::exchange(link, make_receiver(*intake)));
  }
}

void BrokerConnection::retire(std::unique_ptr<proton::messaging_handler> link) {
  retired_.push_back({clock_.mono(), std::move(link)});
}

void BrokerConnection::on_connection_open(proton::connection& /*connection*/) {
  if (ended_) return;
  open_ = true;
  events_.opened();
}

void BrokerConnection::on_connection_close(proton::connection& connection) {
  connection.close();
}

void BrokerConnection::on_connection_error(proton::connection& connection) {
  reason_ = connection.error().what();
}

void BrokerConnection::on_session_error(proton::session& session) {
  reason_ = session.error().what();
  connection_.close();
}

void BrokerConnection::on_transport_error(proton::transport& transport) {
  reason_ = transport.error().what();
}

void BrokerConnection::on_transport_close(proton::transport& /*transport*/) {
  end(reason_);
  finished_ = true;
}

void BrokerConnection::on_error(const proton::error_condition& condition) {
  reason_ = condition.what();
}

void BrokerConnection::end(const std::string& reason) {
  if (std::exchange(ended_, true)) return;
  open_ = false;
  for (auto& [queue, link] : senders_) {
    interrupted_ += link->outbox()->rewind();
    retire(std::move(link));
  }
  for (auto& [intake, link] : receivers_) {
    link->lost();
    retire(std::move(link));
  }
  senders_.clear();
  receivers_.clear();
  events_.ended(reason);
}

}  // namespace herald::adapters
