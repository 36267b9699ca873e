#pragma once
// What the push endpoints of one loop share.

#include <functional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "base/timer.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "protocol/subscription/endpoint_token.h"
#include "roles/app_server/push_acceptance.h"
#include "roles/app_server/rate_limits.h"
#include "roles/app_server/receipt_stream_slots.h"
#include "roles/app_server/vapid_checker.h"
#include "transport/sender_address.h"

namespace herald::roles::app_server {

struct PushConfig {
  Limits limits;
  std::string public_url;          // "https://push.example.com", perhaps with a path; endpoints begin with it
  bool lenient = false;            // protocol::webpush::parse_push()
  std::function<bool()> draining;  // any thread; true: nothing new is accepted. Empty: never
  std::vector<transport::Network> trusted_proxies;  // transport::sender_address()
};

// Everything referred to must outlive the endpoints.
struct PushContext {
  PushConfig config;
  ports::MessageStore& messages;
  ports::ReceiptLog& receipts;
  PushAcceptance& acceptance;
  VapidChecker& vapid;
  const protocol::subscription::EndpointTokens& tokens;
  RateLimits& rates;
  ReceiptStreamSlots& streams;
  RandomSource& random;
  Executor& loop;
  TimerService& timers;
  const Clock& clock;
  Log& log;
  Metrics& metrics;

  [[nodiscard]] bool draining() const { return config.draining && config.draining(); }
  // The name of the sender's rate bucket.
  [[nodiscard]] std::string sender_of(const transport::HttpRequest& request) const {
    return transport::sender_address(request, config.trusted_proxies)
        .client_network(config.limits.address_prefix_bits)
        .to_string();
  }
  [[nodiscard]] std::string url_of(std::string_view path) const { return config.public_url + std::string(path); }
};

}  // namespace herald::roles::app_server
