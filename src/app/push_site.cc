#include "app/push_site.h"

#include "base/check.h"
#include "transport/client.h"

namespace herald::app {

namespace {

// What `aud` of a VAPID token must name.
std::string origin_of(const std::string& public_url) {
  const auto url = transport::Url::parse(public_url);
  HERALD_CHECK(url.has_value(), "the public URL is checked with the configuration");
  return url->origin();
}

roles::app_server::PushConfig config_of(Services& services) {
  return {.limits = services.configuration.limits,
          .public_url = services.public_url,
          .lenient = services.configuration.unifiedpush_senders == SenderRules::kLenient,
          .draining = [&services] { return services.draining.load(); },
          .trusted_proxies = services.configuration.trusted_proxies};
}

}  // namespace

PushSite::PushSite(Services& services, transport::EventLoop& loop, DeadlineStore& store, ports::StoreDeadline& deadline)
    : acceptance_({store, *services.queue, *services.order, deadline}, loop, services.clock, services.log,
                  services.metrics),
      vapid_(origin_of(services.public_url), services.configuration.limits, services.clock, services.metrics),
      context_{config_of(services),
               store,
               store,
               acceptance_,
               vapid_,
               *services.endpoints,
               services.rates,
               services.receipt_streams,
               services.random,
               loop,
               loop,
               services.clock,
               services.log,
               services.metrics},
      webpush_(context_),
      messages_(context_),
      receipts_(context_),
      simplepush_(context_),
      matrix_(context_, services.foreign ? &services.foreign->push() : nullptr) {}

void PushSite::add_to(transport::HttpRouter& router) {
  namespace subscription = protocol::subscription;
  router.add(std::string(subscription::kWebPushPath), webpush_);
  router.add(std::string(subscription::kSimplePushPath), simplepush_);
  router.add(std::string(subscription::kMessagePath), messages_);
  router.add(std::string(subscription::kReceiptPath), receipts_);
  router.add("/_matrix/push/v1/notify", matrix_);
}

}  // namespace herald::app
