#include "domain/server_lease.h"

#include <algorithm>
#include <cstdint>

namespace herald {

namespace {

// FNV-1a, finished by a multiply-shift mix: the same in every process and version, which std::hash does not promise.
std::uint64_t weight(const UserAgentId& user_agent, const ServerId& server) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto take = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3U; };
  for (const std::uint8_t byte : user_agent.bytes) take(byte);
  for (const char c : server) take(static_cast<std::uint8_t>(c));
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
  return hash ^ (hash >> 33U);
}

}  // namespace

Status ServerLeases::renew(const ServerLease& lease, WallTime now) {
  std::erase_if(leases_, [now](const ServerLease& old) { return old.until + kLapsedLeaseKept < now; });
  const auto held = std::ranges::find(leases_, lease.server, &ServerLease::server);
  if (held == leases_.end()) {
    leases_.push_back(lease);
    return {};
  }
  if (held->holder != lease.holder && is_live(*held, now)) {
    return fail(ErrorKind::kConflict, "another process holds the server id " + lease.server);
  }
  *held = lease;
  return {};
}

void ServerLeases::release(const ServerId& server, const std::string& holder) {
  std::erase_if(leases_, [&](const ServerLease& lease) { return lease.server == server && lease.holder == holder; });
}

const ServerLease* ServerLeases::find(const ServerId& server) const {
  const auto found = std::ranges::find(leases_, server, &ServerLease::server);
  return found == leases_.end() ? nullptr : &*found;
}

bool ServerLeases::live(const ServerId& server, WallTime now) const {
  const ServerLease* lease = find(server);
  return lease != nullptr && is_live(*lease, now);
}

std::optional<ServerId> ServerLeases::sleep_server(const UserAgentId& user_agent, WallTime now) const {
  const ServerLease* best = nullptr;
  const auto rank = [&](const ServerLease& lease) {
    return std::pair(is_live(lease, now), weight(user_agent, lease.server));
  };
  for (const ServerLease& lease : leases_) {
    if (lease.kind == LocationKind::kSleeping && (best == nullptr || rank(lease) > rank(*best))) best = &lease;
  }
  return best == nullptr ? std::nullopt : std::optional(best->server);
}

}  // namespace herald
