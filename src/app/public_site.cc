#include "app/public_site.h"

#include "base/origin.h"

namespace herald::app {

namespace {

// Notes from where devices speak; empty if nobody asks.
std::function<void(const UserAgentId&, const transport::IpAddress&)> note_address(Services& services) {
  if (!services.asks_for_wake_proofs()) return {};
  return [&services](const UserAgentId& user_agent, const transport::IpAddress& from) {
    services.wake_proofs.spoke(user_agent, from.to_string(), services.clock.mono());
  };
}

}  // namespace

PublicSite::PublicSite(Services& services, transport::EventLoop& loop, std::uint32_t shard, LoopLinks links)
    : deadline_(store_deadline(services.configuration.limits), loop, services.clock, services.metrics,
                std::move(links.store_stalled)),
      store_(*services.stores, deadline_),
      status_("/status", status_page(services)),
      about_("/about", about_page(services)),
      page_(web_files(), only_notify_) {
  const RoleSet& roles = services.configuration.roles;
  if (roles.has(Role::kAppServer)) add_app_server(services, loop);
  if (roles.has(Role::kUserAgentWs)) add_user_agent_ws(services, loop, shard, links);
  if (roles.has(Role::kUserAgentUdp)) add_pull(services, loop, links);
  router_.add("/status", status_);
  router_.add("/about", about_);
  router_.add("/", page_);
}

void PublicSite::add_app_server(Services& services, transport::EventLoop& loop) {
  notify_.emplace(
      roles::app_server::NotifyConfig{.limits = services.configuration.limits,
                                      .base_path = services.public_url.substr(Origin::end_in(services.public_url)),
                                      .draining = [&services] { return services.draining.load(); }},
      roles::app_server::NotifyPorts{store_, store_, store_, *services.queue, *services.order, store_,
                                     *services.cursors, *services.endpoints, deadline_},
      loop, services.clock, services.log, services.metrics);
  router_.add("/notify", *notify_);
  push_.emplace(services, loop, store_, deadline_);
  push_->add_to(router_);
}

void PublicSite::add_user_agent_ws(Services& services, transport::EventLoop& loop, std::uint32_t shard,
                                   LoopLinks& links) {
  token_.emplace(*services.tokens, services.random, services.metrics);
  router_.add("/token", *token_);
  roles::user_agent_ws::Config config{
      .server = services.configuration.server_id,
      .shard = shard,
      .sleep_server = std::move(links.sleep_server),
      .public_url = services.public_url,
      .limits = services.configuration.limits,
      .allowed = [&services](const WakeInterface& wake) { return services.networks.allows(wake); },
      .tell_shard = std::move(links.tell_shard),
      .shards = links.shards,
      .takeovers = services.takeovers,
      .lease_lapses = std::move(links.lease_lapses),
      .spoke_from = note_address(services)};
  websockets_.emplace(roles::user_agent_ws::Context{
      std::move(config), store_, store_, store_, *services.queue, loop, loop, services.clock, services.random,
      *services.tokens, *services.endpoints, services.recent_acks, services.log, services.metrics});
  store_.on_late_location([this](const UserAgentId& user_agent, const Location& written, const Location& before) {
    websockets_->located_late(user_agent, written, before);
  });
}

void PublicSite::add_pull(Services& services, transport::EventLoop& loop, LoopLinks& links) {
  pull_.emplace(roles::user_agent_udp::PullConfig{.limits = services.configuration.limits,
                                                  .public_url = services.public_url,
                                                  .draining = [&services] { return services.draining.load(); },
                                                  .pulled = std::move(links.pulled),
                                                  .spoke_from = note_address(services),
                                                  .trusted_proxies = services.configuration.trusted_proxies},
                roles::user_agent_udp::PullPorts{store_, *services.queue, *services.tokens, services.recent_acks}, loop,
                services.clock, services.log, services.metrics);
  router_.add("/pull", *pull_);
}

}  // namespace herald::app
