#pragma once
// What all loops of a server share; each part is thread-safe by its own contract.

#include <atomic>
#include <expected>
#include <memory>
#include <string>

#include "app/configuration.h"
#include "app/exit_code.h"
#include "app/foreign_servers.h"
#include "app/operations_guard.h"
#include "app/stores.h"
#include "app/token_keys.h"
#include "base/random.h"
#include "base/time.h"
#include "domain/message_id_source.h"
#include "domain/recent_acks.h"
#include "domain/takeover_pace.h"
#include "domain/wake_proofs.h"
#include "operations/health.h"
#include "operations/logging.h"
#include "operations/metrics_registry.h"
#include "ports/message_queue.h"
#include "protocol/subscription/endpoint_token.h"
#include "protocol/user_agent/flow2012/ua_token.h"
#include "roles/app_server/acceptance_order.h"
#include "roles/app_server/rate_limits.h"
#include "roles/app_server/receipt_cursor.h"
#include "roles/app_server/receipt_stream_slots.h"
#include "roles/user_agent_udp/allowed_networks.h"
#include "transport/http_server.h"
#include "transport/tls_context.h"

namespace herald::app {

struct Services {
  // Opens the store, reads keys and certificates. `clock` must outlive it, and so must every loop: the store answers on
  // loops until it is destroyed.
  [[nodiscard]] static std::expected<std::unique_ptr<Services>, Failure> open(const Configuration& configuration,
                                                                              const Clock& clock);
  Services(const Configuration& configuration, const Clock& clock);

  // Whether this process alone wakes devices and hears from them, so that it can ask them to prove where they are.
  // Where roles are processes of their own, the one that pings does not hear who pulls from another.
  [[nodiscard]] bool asks_for_wake_proofs() const;

  const Configuration configuration;
  const Clock& clock;
  SystemRandom random;
  operations::Logging log;
  operations::MetricsRegistry metrics;
  operations::Health health;
  std::atomic<bool> draining{false};
  std::string public_url;  // set before anything is served
  OperationsDoor operations_door;
  std::shared_ptr<transport::TlsContext> tls;  // null: plain
  std::shared_ptr<transport::ConnectionCounts> connection_counts;
  roles::user_agent_udp::AllowedNetworks networks;
  std::unique_ptr<protocol::flow2012::UaTokens> tokens;
  std::unique_ptr<protocol::subscription::EndpointTokens> endpoints;
  std::unique_ptr<roles::app_server::ReceiptCursor> cursors;
  roles::app_server::RateLimits rates;
  roles::app_server::ReceiptStreamSlots receipt_streams;
  std::unique_ptr<ForeignServers> foreign;  // null: the Matrix gateway reaches no other server
  std::unique_ptr<Stores> stores;
  std::unique_ptr<ports::MessageQueue> queue;
  MessageIdSource ids;
  RecentAcks recent_acks;
  WakeProofs wake_proofs;
  std::shared_ptr<TakeoverPace> takeovers;
  std::unique_ptr<roles::app_server::AcceptanceOrder> order;

 private:
  [[nodiscard]] std::expected<void, Failure> open_parts();
  [[nodiscard]] std::expected<void, Failure> start_ids();
  [[nodiscard]] std::expected<void, Failure> open_operations_door();
  [[nodiscard]] std::expected<TokenKeys, Failure> token_keys();
  // Of the data folder, made if they are missing.
  [[nodiscard]] std::expected<TokenKeys, Failure> own_token_keys(const std::string& file);
  [[nodiscard]] std::unexpected<Failure> no_token_keys(const Error& error) const;
};

}  // namespace herald::app
