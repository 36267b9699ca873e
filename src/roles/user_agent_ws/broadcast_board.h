#pragma once
// The broadcasts of one shard: short version texts that every interested device is told when they change. The operator
// sets them; each shard has a copy.

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "protocol/user_agent/webpush/frame.h"

namespace herald::roles::user_agent_ws {

class BroadcastSubscriber {
 public:
  virtual ~BroadcastSubscriber() = default;
  virtual void broadcast(std::string_view frame) = 0;
};

// One thread.
class BroadcastBoard {
 public:
  // Tells the subscribers if the version is another one. nullopt: the broadcast is not known any more; those who
  // subscribed are told when it comes back.
  void set(std::string_view id, std::optional<std::string> version);

  // Subscribes to those that are known. Answers what differs from what the subscriber has seen, and what is unknown.
  [[nodiscard]] protocol::webpush::BroadcastAnswer subscribe(BroadcastSubscriber& subscriber,
                                                             const protocol::webpush::BroadcastVersions& seen);
  // To be called before a subscriber is destroyed.
  void leave(BroadcastSubscriber& subscriber);

 private:
  struct Topic {
    std::optional<std::string> version;
    std::unordered_set<BroadcastSubscriber*> subscribers;
  };
  std::map<std::string, Topic, std::less<>> topics_;
};

}  // namespace herald::roles::user_agent_ws
