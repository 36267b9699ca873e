#pragma once
// The connections of one shard, found by number and by the device that is online on them.

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "base/random.h"
#include "domain/ids.h"

namespace herald::roles::user_agent_ws {

class Connection;

// Holds no ownership. One thread.
class ConnectionTable {
 public:
  explicit ConnectionTable(RandomSource& random) : random_(random) {}

  // Gives the connection a number: unlike any other of this and earlier runs and of other shards, but for a chance of
  // 2^-40; never 0.
  [[nodiscard]] std::uint64_t add(Connection& connection);
  // Forgets it, offline or not.
  void remove(Connection& connection);
  // Null: it is closed.
  [[nodiscard]] Connection* find(std::uint64_t number) const;

  // The connection's user agent is found at it from now on; another one of the same must be offline.
  void put_online(Connection& connection);
  void take_offline(Connection& connection);
  // Null: not online here.
  [[nodiscard]] Connection* find(const UserAgentId& user_agent) const;
  // The numbers of those whose devices are online, in no order.
  [[nodiscard]] std::vector<std::uint64_t> online() const;

 private:
  struct ByUserAgent {
    using is_transparent = void;
    std::size_t operator()(const UserAgentId& user_agent) const noexcept { return IdHash()(user_agent); }
    std::size_t operator()(const Connection* connection) const noexcept;
    bool operator()(const Connection* a, const Connection* b) const noexcept { return a == b; }
    bool operator()(const Connection* a, const UserAgentId& b) const noexcept;
    bool operator()(const UserAgentId& a, const Connection* b) const noexcept { return (*this)(b, a); }
  };

  RandomSource& random_;
  std::vector<Connection*> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::unordered_set<Connection*, ByUserAgent, ByUserAgent> online_;
};

}  // namespace herald::roles::user_agent_ws
