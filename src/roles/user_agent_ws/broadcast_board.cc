#include "roles/user_agent_ws/broadcast_board.h"

#include <utility>

namespace herald::roles::user_agent_ws {

using protocol::webpush::BroadcastAnswer;

void BroadcastBoard::set(std::string_view id, std::optional<std::string> version) {
  auto topic = topics_.find(id);
  if (topic == topics_.end()) {
    if (!version) return;
    topic = topics_.emplace(std::string(id), Topic{}).first;
  }
  if (topic->second.version == version) return;
  topic->second.version = std::move(version);
  if (!topic->second.version) {
    if (topic->second.subscribers.empty()) topics_.erase(topic);
    return;
  }
  const std::string frame =
      protocol::webpush::broadcast_frame(BroadcastAnswer{{{topic->first, *topic->second.version}}, {}});
  for (BroadcastSubscriber* subscriber : topic->second.subscribers) subscriber->broadcast(frame);
}

BroadcastAnswer BroadcastBoard::subscribe(BroadcastSubscriber& subscriber,
                                          const protocol::webpush::BroadcastVersions& seen) {
  BroadcastAnswer answer;
  for (const auto& [id, version] : seen) {
    const auto topic = topics_.find(id);
    if (topic == topics_.end() || !topic->second.version) {
      answer.unknown.push_back(id);
      continue;
    }
    topic->second.subscribers.insert(&subscriber);
    if (*topic->second.version != version) answer.changed.emplace_back(id, *topic->second.version);
  }
  return answer;
}

void BroadcastBoard::leave(BroadcastSubscriber& subscriber) {
  for (auto& [id, topic] : topics_) topic.subscribers.erase(&subscriber);
}

}  // namespace herald::roles::user_agent_ws
